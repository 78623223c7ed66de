/**
 * Makes symbolic links through the engine.
 *
 * @module
 */

import { BerthError } from "../errors.ts";
import type { MakeStateLinks } from "../state/state_links.ts";
import type { EngineHelper } from "./engine_helper.ts";

/** Shell script that makes links of its arguments: path and target, path and target … */
const LINK = 'while [ $# -gt 0 ]; do ln -s -n -- "$2" "/folder/$1" || exit; shift 2; done';
/** Bytes of arguments of one container: the kernel allows 2 MiB. */
const MAX_ARGUMENT_BYTES = 512 * 1024;

/** Makes symbolic links in a container that sees nothing but the folder. @param helper Runs the containers. */
export function engineLinks(helper: EngineHelper): MakeStateLinks {
  return async (folder, links, signal) => {
    for (const args of batchesOf(links)) {
      const { exitCode, output } = await helper.run({
        kind: "links",
        script: LINK,
        args,
        folder,
        capabilities: ["DAC_OVERRIDE"],
        signal,
      });
      if (exitCode !== 0) throw notMade(output);
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

function notMade(output: string): BerthError {
  const why = output.trim().split("\n").at(-1);
  return new BerthError(
    "state/links",
    `The symbolic links of the state cannot be made: ${why || "no reason"}.`,
    {
      advice: "Nothing was changed. Check whether the disk of DATA_DIR is full, and try again.",
    },
  );
}
