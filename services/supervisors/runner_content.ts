/**
 * The runner's own files for the containers of a cluster.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { CONFIG_FILE, STOP_REASON_FILE } from "../../lib/executable/container_layout.ts";
import type { Executable } from "../../lib/executable/executable.ts";
import type { ScriptFile } from "../../lib/executable/code_entrypoint_factory.ts";
import { runnerFiles } from "../../lib/executable/runner_files.ts";
import { IMAGE_RUNTIME } from "../../lib/executable/runtimes.ts";

/** Folder of the files that a container shares with no other. */
export const OWN_FOLDER = "/berth-own";

/** The runner's files. All containers on a node share them that have the same. */
export interface RunnerContent {
  /** SHA-256 of all that follows. */
  readonly sha256: string;
  /** The files. */
  readonly files: readonly ScriptFile[];
  /** Targets of symbolic links by their names: the files of the container alone are elsewhere. */
  readonly links: Readonly<Record<string, string>>;
}

const LINKS = Object.fromEntries(
  [CONFIG_FILE, STOP_REASON_FILE].map((name) => [name, `${OWN_FOLDER}/${name}`]),
);
/** The files depend on the runtime alone. */
const contents = new Map<string, RunnerContent>();

/**
 * Returns the runner's files for an executable.
 *
 * @param executable The executable.
 */
export function runnerContent(executable: Executable): RunnerContent {
  const { runtime } = executable;
  const known = contents.get(runtime);
  if (known) return known;
  const files = runtime === IMAGE_RUNTIME ? [] : runnerFiles(executable);
  const sha256 = createHash("sha256").update(JSON.stringify({ files, links: LINKS })).digest("hex");
  const content = { sha256, files, links: LINKS };
  contents.set(runtime, content);
  return content;
}
