/**
 * Runs small scripts on one folder in containers.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { discardContainer } from "../engine/discard_container.ts";
import { LABEL } from "../engine/labels.ts";
import { ContainerBuilder } from "../executable/container_builder.ts";
import { outputTail } from "./output_tail.ts";

/** Parts of an {@linkcode EngineHelper}. */
export interface EngineHelperParts {
  /** The engine. */
  readonly orchestrator: Pick<
    ContainerOrchestrator,
    "hasImage" | "pullImage" | "runAndWait" | "getLogs" | "remove"
  >;
  /** Labels of the instance's containers. */
  readonly ownLabels: Readonly<Record<string, string>>;
  /** Images of the runtimes, which have a shell. */
  readonly images: readonly string[];
}

/** The program to run, and its surroundings. */
export interface HelperTask {
  /** Kind of the container, one of those that are removed when their process has been killed. */
  readonly kind: "links" | "size" | "cleanup";
  /** Shell script; the folder is at `/folder`. */
  readonly script: string;
  /** Its arguments. @default {none} */
  readonly args?: readonly string[];
  /** Absolute path of the folder. */
  readonly folder: string;
  /** Whether the script only reads. @default {false} */
  readonly readOnly?: boolean;
  /** The capabilities that let it reach files of the bot's user. */
  readonly capabilities: readonly ("DAC_OVERRIDE" | "DAC_READ_SEARCH" | "FOWNER")[];
  /** Cancels the call. */
  readonly signal: AbortSignal;
}

const MEMORY_BYTES = 64 * 1024 ** 2;
const TIMEOUT_MS = 120_000;
/** Lines of output that are read. */
const MAX_LINES = 20;

/** Works on a folder where Deno cannot, in a container that sees nothing else and is removed afterwards. */
export class EngineHelper {
  readonly #parts: EngineHelperParts;

  /** @param parts See {@linkcode EngineHelperParts}. */
  constructor(parts: EngineHelperParts) {
    this.#parts = parts;
  }

  /**
   * Runs a script.
   *
   * @param task See {@linkcode HelperTask}.
   * @returns Its exit code, and the last lines of its output.
   * @throws {EngineUnavailableError} If the engine does not answer.
   * @throws {ImageUnavailableError} If no image with a shell can be had.
   */
  async run(
    { kind, script, args = [], folder, readOnly = false, capabilities, signal }: HelperTask,
  ): Promise<{ readonly exitCode: number; readonly output: string }> {
    const { orchestrator, ownLabels } = this.#parts;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const spec = new ContainerBuilder(
      `berth-${kind}-${crypto.randomUUID()}`,
      await this.#presentImage(limit),
    )
      .withLabels({ ...ownLabels, [LABEL.kind]: kind })
      .withCommand(["/bin/sh", "-c", script, kind, ...args])
      .withBinds([{ source: folder, target: "/folder", readOnly }])
      // A small share, so that bots come first.
      .withResources({ memoryBytes: MEMORY_BYTES, cpuShares: 64, pids: 16 })
      .withSecurity({ user: "0:0", capabilities, allowNewPrivileges: false })
      .withNetwork("none")
      .build();
    try {
      const { id, exitCode } = await orchestrator.runAndWait(spec, { signal: limit });
      return { exitCode, output: await outputTail(orchestrator, id, { tail: MAX_LINES, signal: limit }) };
    } finally {
      await discardContainer(orchestrator, spec.name, { signal });
    }
  }

  async #presentImage(signal: AbortSignal): Promise<string> {
    const { orchestrator, images } = this.#parts;
    for (const image of images) if (await orchestrator.hasImage(image, { signal })) return image;
    const [image] = images;
    await orchestrator.pullImage(image!, { signal });
    return image!;
  }
}
