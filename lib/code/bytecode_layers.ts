/**
 * Bytecode of trees, compiled once for each tree and image: the import of large libraries takes a quarter of the time.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import { ContainerBuilder } from "../executable/container_builder.ts";
import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import { messageOf } from "../errors.ts";
import { type FileOwner, onDisk, unlessMissing } from "../util/files.ts";
import { removeTree } from "./remove_tree.ts";
import type { Runtime } from "../executable/runtimes.ts";
import { SharedWork } from "../util/shared_work.ts";
import type { CodeTree } from "./code_tree.ts";
import { linkBytecode } from "./link_bytecode.ts";

/** Options of {@linkcode BytecodeLayers}. */
export interface BytecodeLayersOptions {
  /** The engine: sources are compiled by the interpreter of the image. */
  readonly orchestrator: ContainerOrchestrator;
  /** Labels that every container of this instance carries. */
  readonly ownLabels: Readonly<Record<string, string>>;
  /** User that compiles; the code belongs to another. */
  readonly user: FileOwner;
  /** Trees whose bytecode is linked where they have the same source. */
  readonly donors: () => readonly CodeTree[];
}

/** Below this size of sources that are not compiled yet, a container takes longer than it saves, in bytes. */
const WORTHWHILE_BYTES = 1024 ** 2;
/** Longest time of a compilation, in ms. */
const LIMIT_MS = 5 * 60_000;
const MEMORY_BYTES = 512 * 1024 ** 2;

/** Compiles trees in closed-off containers that read the code and run none of it. */
export class BytecodeLayers implements AsyncDisposable {
  readonly #options: BytecodeLayersOptions;
  readonly #work = new SharedWork<string | undefined>();
  readonly #later = new Set<string>();
  readonly #closing = new AbortController();
  #queue: Promise<void> = Promise.resolve();
  readonly #log = getLogger(["berth", "runner"]);

  /** @param options See {@linkcode BytecodeLayersOptions}. */
  constructor(options: BytecodeLayersOptions) {
    this.#options = options;
  }

  /**
   * The bytecode of a tree, as far as it is there.
   *
   * @param tree The tree.
   * @param image Reference of the image.
   * @returns Absolute path of a folder to merge over the tree; `undefined` when there is none.
   */
  async find(tree: CodeTree, image: string): Promise<string | undefined> {
    const path = layerPath(tree, image);
    return await unlessMissing(Deno.lstat(path)) && path;
  }

  /**
   * Compiles a tree, where that is worthwhile and was not done. Never rejects: code runs without.
   *
   * @param tree The tree; it stays until this is done.
   * @param image Reference of the image, which is on the engine.
   * @param runtime The runtime of the image.
   * @returns As {@linkcode find}.
   */
  async make(
    tree: CodeTree,
    image: string,
    runtime: Runtime,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const { compiler } = runtime;
    if (compiler === undefined || sourceBytes(tree, compiler.sources) < WORTHWHILE_BYTES) return undefined;
    try {
      return await this.find(tree, image) ??
        await this.#work.run(
          layerPath(tree, image),
          (signal) => this.#make(tree, image, runtime, signal),
          signal,
        );
    } catch (error) {
      if (!signal?.aborted) {
        this.#log.warn("code not compiled ahead", { code: tree.sha256, image, problem: messageOf(error) });
      }
      return undefined;
    }
  }

  /**
   * {@linkcode make} for a later start, one tree after the other.
   *
   * @param tree The tree. A tree that is removed meanwhile is not compiled.
   * @param image Reference of the image.
   * @param runtime The runtime of the image.
   */
  makeLater(tree: CodeTree, image: string, runtime: Runtime): void {
    const { signal } = this.#closing;
    const path = layerPath(tree, image);
    if (signal.aborted || this.#later.has(path)) return;
    this.#later.add(path);
    this.#queue = this.#queue.then(async () => {
      if (!signal.aborted) await this.make(tree, image, runtime, signal);
      this.#later.delete(path);
    });
  }

  /** Gives up what is compiled for later. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#queue;
  }

  async #make(
    tree: CodeTree,
    image: string,
    { interpreter, compiler }: Runtime,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { user, donors } = this.#options;
    const path = layerPath(tree, image);
    const partial = `${tree.folder}/.partial-${crypto.randomUUID()}`;
    try {
      await onDisk(`create '${partial}'`, async () => {
        await Deno.mkdir(partial);
        // Whatever the umask: others write to their views of it.
        await Deno.chmod(partial, 0o777);
        if (Deno.uid() === 0) await Deno.chown(partial, user.uid, user.gid);
      });
      const others = donors().filter(({ sha256 }) => sha256 !== tree.sha256);
      const linked = await linkBytecode(
        tree,
        partial,
        others.map((tree) => ({ tree, layer: layerPath(tree, image) })),
      );
      if (sourceBytes(tree, compiler!.sources, linked) >= WORTHWHILE_BYTES) {
        await this.#compile(tree, partial, image, [interpreter, ...compiler!.command], signal);
      }
      await onDisk(`write '${path}'`, () => Deno.rename(partial, path));
      return path;
    } catch (error) {
      await removeTree(partial).catch(() => {});
      throw error;
    }
  }

  async #compile(
    tree: CodeTree,
    layer: string,
    image: string,
    command: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const { orchestrator, ownLabels, user } = this.#options;
    const begun = performance.now();
    const name = `berth-compile-${tree.sha256.slice(0, 12)}-${crypto.randomUUID().slice(0, 8)}`;
    const spec = new ContainerBuilder(name, image)
      .withLabels({ ...ownLabels, [LABEL.kind]: "compile" })
      .withCommand([...command, "/code", "/bytecode"])
      .withBinds([{ source: tree.path, target: "/code", readOnly: true }, {
        source: layer,
        target: "/bytecode",
      }])
      // Bots come first.
      .withResources({ memoryBytes: MEMORY_BYTES, cpuShares: 64, pids: 16 })
      .withSecurity({ user: `${user.uid}:${user.gid}`, capabilities: [], allowNewPrivileges: false })
      .withNetwork("none")
      .build();
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
    const { id, exitCode } = await orchestrator.runAndWait(spec, { signal: limit });
    await orchestrator.remove(id);
    const ms = Math.round(performance.now() - begun);
    if (exitCode !== 0) throw new Error(`the compiler ended with exit code ${exitCode} after ${ms} ms`);
    this.#log.debug("code compiled", { code: tree.sha256, image, ms });
  }
}

/** An image of another version of the interpreter ignores bytecode that is not its own. */
function layerPath({ folder }: CodeTree, image: string): string {
  return `${folder}/bytecode-${createHash("sha256").update(image).digest("hex").slice(0, 16)}`;
}

function sourceBytes(
  { manifest }: CodeTree,
  ending: string,
  except: ReadonlySet<string> = new Set(),
): number {
  let total = 0;
  for (const { path, size } of manifest.files) if (path.endsWith(ending) && !except.has(path)) total += size;
  return total;
}
