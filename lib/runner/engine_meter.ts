/**
 * Measures folders, through the engine where Deno cannot.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../errors.ts";
import { measureTree, type MeasureTreeOptions, type TreeSize } from "../util/measure_tree.ts";
import type { EngineHelper } from "./engine_helper.ts";

/** Measures a folder, as {@linkcode measureTree} does. */
export type MeasureTree = typeof measureTree;

/** Prints the size in KiB. */
const MEASURE = "du -sk /folder";

/**
 * Measures folders as {@linkcode measureTree} does. If a bot has names there that Deno cannot use, and so hides what is
 * below them, a container measures the folder.
 *
 * @param helper Runs the containers.
 */
export function engineMeter(helper: EngineHelper): MeasureTree {
  const log = getLogger(["berth", "runner"]);
  return async (root: string, options: MeasureTreeOptions): Promise<TreeSize> => {
    const size = await measureTree(root, options);
    if (!size.hidden || size.bytes > options.enoughBytes) return size;
    const { signal = new AbortController().signal } = options;
    const began = performance.now();
    try {
      const { output } = await helper.run({
        kind: "size",
        script: MEASURE,
        folder: root,
        readOnly: true,
        capabilities: ["DAC_READ_SEARCH"],
        signal,
      });
      const [, kib] = /^(\d+)\s+\/folder$/m.exec(output) ?? [];
      if (kib === undefined) throw new Error(`du says: ${output.slice(-500)}`);
      const busyMs = size.busyMs + performance.now() - began;
      return { ...size, bytes: Math.max(size.bytes, 1024 * Number(kib)), busyMs };
    } catch (error) {
      signal.throwIfAborted();
      log.warn("folder not measured whole", { folder: root, problem: messageOf(error) });
      return size;
    }
  };
}
