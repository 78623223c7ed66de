/**
 * Makes symbolic links through the engine.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import { BerthError } from "../errors.ts";
import { ContainerBuilder } from "../executable/container_builder.ts";
import type { MakeStateLinks } from "../state/state_links.ts";

/** Parts of {@linkcode engineLinks}. */
export interface EngineLinksParts {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "hasImage" | "pullImage" | "runAndWait" | "remove">;
  /** Labels of the instance's containers. */
  readonly ownLabels: Readonly<Record<string, string>>;
  /** Images of the runtimes, which have a shell. */
  readonly images: readonly string[];
}

/** Shell script that makes links of its arguments: path and target, path and target … */
const LINK = 'while [ $# -gt 0 ]; do ln -s -n -- "$2" "/folder/$1" || exit; shift 2; done';
/** Bytes of arguments of one container: the kernel allows 2 MiB. */
const MAX_ARGUMENT_BYTES = 512 * 1024;
const MEMORY_BYTES = 64 * 1024 ** 2;
/** For one container, which makes some thousands of links. */
const TIMEOUT_MS = 120_000;

/**
 * Makes symbolic links in a container that sees nothing but the folder.
 *
 * @param parts See {@linkcode EngineLinksParts}.
 */
export function engineLinks({ orchestrator, ownLabels, images }: EngineLinksParts): MakeStateLinks {
  async function presentImage(signal: AbortSignal): Promise<string> {
    for (const image of images) if (await orchestrator.hasImage(image, { signal })) return image;
    const [image] = images;
    await orchestrator.pullImage(image!, { signal });
    return image!;
  }

  return async (folder, links, signal) => {
    const image = await presentImage(signal);
    for (const args of batchesOf(links)) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const spec = new ContainerBuilder(`berth-links-${crypto.randomUUID()}`, image)
        .withLabels({ ...ownLabels, [LABEL.kind]: "links" })
        .withCommand(["/bin/sh", "-c", LINK, "links", ...args])
        .withBinds([{ source: folder, target: "/folder" }])
        .withResources({ memoryBytes: MEMORY_BYTES, cpuShares: 64, pids: 16 })
        .withSecurity({ user: "0:0", capabilities: ["DAC_OVERRIDE"], allowNewPrivileges: false })
        .withNetwork("none")
        .build();
      try {
        const { exitCode } = await orchestrator.runAndWait(spec, { signal: limit });
        if (exitCode !== 0) throw notMade(exitCode);
      } finally {
        await orchestrator.remove(spec.name);
      }
    }
  };
}

function* batchesOf(links: ReadonlyMap<string, string>): Generator<string[]> {
  const encoder = new TextEncoder();
  let batch: string[] = [];
  let bytes = 0;
  for (const pair of links) {
    // Each argument has a zero at its end, and a pointer.
    const size = pair.reduce((sum, text) => sum + encoder.encode(text).length + 9, 0);
    if (bytes + size > MAX_ARGUMENT_BYTES) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(...pair);
    bytes += size;
  }
  yield batch;
}

function notMade(exitCode: number | undefined): BerthError {
  return new BerthError(
    "state/links",
    `The symbolic links of the state cannot be made: the container that makes them ended with exit code ${exitCode}.`,
    { advice: "Nothing was changed. Look whether the disk of DATA_DIR is full, and try again." },
  );
}
