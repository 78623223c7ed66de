/**
 * The check of `berth doctor` for the folders on this machine.
 *
 * @module
 */

import { isOwnData } from "../lib/util/data_dir.ts";
import { memoryFolderPlace, memoryProblem } from "../lib/secrets/memory_folder.ts";
import type { DockerRunnerConfig } from "../lib/runner/docker_runner_config.ts";
import { ensureTempDir } from "../lib/util/temp_dir.ts";
import type { Finding } from "./finding.ts";

/**
 * Checks the folder for code: makes it for a moment where it is missing.
 *
 * @param config The configuration.
 */
export async function checkTempDir({ tempDir }: Pick<DockerRunnerConfig, "tempDir">): Promise<Finding> {
  const subject = "Code folder";
  try {
    const made = await ensureTempDir(tempDir, Deno.uid() ?? 0);
    const probe = await Deno.makeTempDir({ dir: tempDir, prefix: "doctor-" });
    await Deno.remove(probe);
    if (made) await Deno.remove(tempDir);
    return { subject, state: "ok", detail: `${tempDir} can be written to` };
  } catch (error) {
    const advice = "choose another folder with TEMP_DIR; it must belong to the user that runs Berth";
    return { subject, state: "problem", detail: (error as Error).message, advice };
  }
}

/**
 * Checks the folder for the secrets of bots, and changes nothing.
 *
 * @param config The configuration.
 */
export async function checkSecretsDir({ secrets }: Pick<DockerRunnerConfig, "secrets">): Promise<Finding> {
  const subject = "Secrets";
  const place = { ...secrets, uid: Deno.uid() ?? 0 };
  const problem = await memoryProblem(place);
  if (!problem) {
    return { subject, state: "ok", detail: `bots get them in ${memoryFolderPlace(place)}, in memory` };
  }
  const advice = `only if bots have secrets: ${problem.advice}`;
  return { subject, state: "warning", detail: problem.summary, advice };
}

/**
 * Checks the folder of the embedded default's data, and changes nothing.
 *
 * @param config The configuration.
 */
export async function checkDataDir({ dataDir }: Pick<DockerRunnerConfig, "dataDir">): Promise<Finding> {
  const subject = "Data folder";
  try {
    const { isDirectory, mode } = await Deno.stat(dataDir);
    if (!isDirectory) {
      return { subject, state: "problem", detail: `${dataDir} is not a folder`, advice: "correct DATA_DIR" };
    }
    if (!((mode ?? 0) & 0o077)) {
      return { subject, state: "ok", detail: `${dataDir} is closed to other users` };
    }
    const names = await Array.fromAsync(Deno.readDir(dataDir), ({ name }) => name);
    const isOwn = isOwnData(names);
    return {
      subject,
      state: isOwn ? "warning" : "problem",
      detail: `${dataDir} is open to other users${isOwn ? "" : " and holds files that are not Berth's"}`,
      advice: isOwn
        ? `chmod 700 ${dataDir}; the next command that uses it does so`
        : `set DATA_DIR to a folder of its own, or run chmod 700 ${dataDir}`,
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { subject, state: "ok", detail: `${dataDir} is made when it is needed` };
    }
    return { subject, state: "problem", detail: (error as Error).message, advice: "correct DATA_DIR" };
  }
}
