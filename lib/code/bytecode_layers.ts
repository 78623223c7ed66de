/**
 * Compiles the bytecode of trees, once for each tree and image. Large libraries import four times as fast with it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import { ContainerBuilder } from "../executable/container_builder.ts";
import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { discardContainer } from "../engine/discard_container.ts";
import { LABEL } from "../engine/labels.ts";
import { messageOf } from "../errors.ts";
import { type FileOwner, onDisk, unlessMissingSync } from "../util/files.ts";
import { removeTree } from "./remove_tree.ts";
import type { Runtime } from "../executable/runtimes.ts";
import { SharedWork } from "../util/shared_work.ts";
import type { CodeTree } from "./code_tree.ts";
import { linkBytecode } from "./link_bytecode.ts";

/** Options of {@linkcode BytecodeLayers}. */
export interface BytecodeLayersOptions {
  /** The engine. The interpreter of the image compiles, inside a container. */
  readonly orchestrator: ContainerOrchestrator;
  /** Labels that every container of this instance carries. */
  readonly ownLabels: Readonly<Record<string, string>>;
  /** User that the compiler runs as. It does not own the code. */
  readonly user: FileOwner;
  /** Returns trees whose bytecode may be reused for the same sources. */
  readonly donors: () => readonly CodeTree[];
}

/** Size of uncompiled sources from which starting a compiler pays off, in bytes. */
const WORTHWHILE_BYTES = 1024 ** 2;
/** Time limit of a compilation, in ms. */
const COMPILE_TIMEOUT_MS = 5 * 60_000;
const MEMORY_BYTES = 512 * 1024 ** 2;

/** Compiles trees in isolated containers that read the code and never run it. */
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
   * Finds the bytecode of a tree.
   *
   * @param tree The tree.
   * @param image Reference of the image.
   * @returns Absolute path of a folder to merge over the tree; `undefined` if there is none.
   */
  find(tree: CodeTree, image: string): string | undefined {
    const path = layerPath(tree, image);
    return unlessMissingSync(() => Deno.lstatSync(path)) && path;
  }

  /**
   * Compiles a tree if that pays off and is not done yet. Never rejects: code also runs without bytecode.
   *
   * @param tree The tree, which must stay until the promise settles.
   * @param image Reference of the image, which must be present.
   * @param runtime The runtime of the image.
   * @returns The same as {@linkcode find}.
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
      return this.find(tree, image) ??
        await this.#work.run(
          layerPath(tree, image),
          (signal) => this.#make(tree, image, runtime, signal),
          signal,
        );
    } catch (error) {
      if (!signal?.aborted) {
        this.#log.warn("code not compiled ahead of its start", {
          code: tree.sha256,
          image,
          problem: messageOf(error),
        });
      }
      return undefined;
    }
  }

  /**
   * Compiles a tree for a later start, without a wait. Trees are compiled one after the other.
   *
   * @param tree The tree. If it is removed meanwhile, it is not compiled.
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

  /** Cancels compilations for later starts. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#queue;
  }

  async #make(
    tree: CodeTree,
    image: string,
    { compiler }: Runtime,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { user, donors } = this.#options;
    const path = layerPath(tree, image);
    const partial = `${tree.folder}/.partial-${crypto.randomUUID()}`;
    try {
      await onDisk(`create '${partial}'`, async () => {
        await Deno.mkdir(partial);
        // Independent of the umask: bots of other users write to their views of the folder.
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
        await this.#compile(tree, partial, image, compiler!.command, signal);
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
      // A small share, so that bots come first.
      .withResources({ memoryBytes: MEMORY_BYTES, cpuShares: 64, pids: 16 })
      .withSecurity({ user: `${user.uid}:${user.gid}`, capabilities: [], allowNewPrivileges: false })
      .withNetwork("none")
      .build();
    const limit = AbortSignal.any([signal, AbortSignal.timeout(COMPILE_TIMEOUT_MS)]);
    const { exitCode } = await orchestrator.runAndWait(spec, { signal: limit });
    await discardContainer(orchestrator, name, { signal });
    const ms = Math.round(performance.now() - begun);
    if (exitCode !== 0) throw new Error(`the compiler ended with exit code ${exitCode} after ${ms} ms`);
    this.#log.debug("code compiled", { code: tree.sha256, image, ms });
  }
}

/** Bytecode depends on the version of the interpreter, so each image has a folder of its own. */
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
