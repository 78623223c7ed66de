/**
 * Empties folders through the engine.
 *
 * @module
 */

import { BerthError } from "../errors.ts";
import type { EmptyFolder } from "../state/state_folder.ts";
import type { EngineHelper } from "./engine_helper.ts";

/** Empties folders in a container that sees nothing else. @param helper Runs the containers. */
export function engineRemoval(helper: EngineHelper): EmptyFolder {
  return async (folder, signal) => {
    const { exitCode, output } = await helper.run({
      kind: "cleanup",
      script: "find /folder -mindepth 1 -delete",
      folder,
      capabilities: ["DAC_OVERRIDE", "FOWNER"],
      signal,
    });
    if (exitCode === 0) return;
    const why = output.trim().split("\n").at(-1);
    throw new BerthError("state/removal", `The folder '${folder}' cannot be emptied: ${why || "no reason"}.`);
  };
}
