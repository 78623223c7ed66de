/**
 * Writes the runner's own files for containers.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import type { ScriptFile } from "./code_entrypoint_factory.ts";
import { CONFIG_FILE, RUNNER_FOLDER, STOP_REASON_FILE } from "./container_layout.ts";
import type { BindMount } from "../engine/container_spec.ts";
import type { Executable } from "./executable.ts";
import { runnerFiles } from "./runner_files.ts";
import { sdkViews } from "./sdk_factory.ts";
import { type FileOwner, unlessMissingSync } from "../util/files.ts";
import { allSettledOrThrow } from "../util/promises.ts";

/** Creates files that depend only on the runtime of an executable. */
interface ScriptFactory {
  create(executable: Executable): ScriptFile | ScriptFile[];
}

/**
 * Writes `entrypoint.sh`, the language's wrapper and the SDK once for all containers that have the same, and the configuration
 * for each. Creating a dozen files costs a file system more than the rest of a start costs Berth.
 */
export class ScriptManager {
  readonly #folder: string;
  readonly #factories: readonly ScriptFactory[];

  /**
   * @param folder Absolute path of the folder for the shared files. Created when needed, closed to other users.
   * @param factories Create the shared files. @default {the script, the wrapper and the SDK}
   */
  constructor(
    folder: string,
    factories: readonly ScriptFactory[] = [{ create: runnerFiles }],
  ) {
    this.#folder = folder;
    this.#factories = factories;
  }

  /**
   * Writes the files for a container. Only its owner can read the configuration, which may contain secrets.
   *
   * @param executable A validated executable.
   * @param workspace Absolute path of the container's folder, which exists.
   * @param owner Owner of the configuration. @default {the user that Berth runs as}
   * @returns The mounts of the files, read-only.
   * @throws {Deno.errors.AlreadyExists} If the workspace has a configuration: files are never overwritten, and links never
   * followed.
   */
  async create(executable: Executable, workspace: string, owner?: FileOwner): Promise<BindMount[]> {
    const config = `${workspace}/${CONFIG_FILE}`;
    const stopReason = `${workspace}/${STOP_REASON_FILE}`;
    const shared = await this.#shared(executable);
    Deno.writeTextFileSync(stopReason, "", { mode: 0o644, createNew: true });
    Deno.writeTextFileSync(config, executable.config, { mode: 0o400, createNew: true });
    if (owner) Deno.chownSync(config, owner.uid, owner.gid);
    return [
      { source: shared, target: RUNNER_FOLDER, readOnly: true },
      { source: config, target: `${RUNNER_FOLDER}/${CONFIG_FILE}`, readOnly: true },
      { source: stopReason, target: `${RUNNER_FOLDER}/${STOP_REASON_FILE}`, readOnly: true },
      ...sdkViews(executable).map(({ path, target }) => ({
        source: `${shared}/${path}`,
        target,
        readOnly: true,
      })),
    ];
  }

  /** Makes the folder of the shared files, unless it is there and complete. @returns Its path. */
  async #shared(executable: Executable): Promise<string> {
    const files: ScriptFile[] = [
      ...this.#factories.flatMap((factory) => factory.create(executable)),
      // The place for each container's own.
      { path: CONFIG_FILE, text: "", mode: 0o444 },
      { path: STOP_REASON_FILE, text: "", mode: 0o444 },
    ];
    const hash = createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 32);
    const path = `${this.#folder}/${hash}`;
    const folders = [...new Set(files.map((file) => dirname(file.path)))];
    const found = new Set(folders.flatMap((folder) => filesIn(path, folder)));
    const missing = files.filter((file) => !found.has(file.path));
    if (missing.length === 0) return path;
    for (const folder of folders) await Deno.mkdir(join(path, folder), { recursive: true, mode: 0o755 });
    // A cleaner of temporary files may have removed some, or another start is just writing them.
    await allSettledOrThrow(missing.map((file) => writeWhole(path, file)));
    return path;
  }
}

/** Paths of the files in a folder below `root`, relative to `root`; none if there is no such folder. */
function filesIn(root: string, folder: string): string[] {
  const entries = unlessMissingSync(() => [...Deno.readDirSync(join(root, folder))]);
  return entries?.map(({ name }) => join(folder, name)) ?? [];
}

/** Readers never see a part of the file. */
async function writeWhole(root: string, { path, text, mode }: ScriptFile): Promise<void> {
  const partial = `${root}/.${crypto.randomUUID()}`;
  await Deno.writeTextFile(partial, text, { mode, createNew: true });
  await Deno.rename(partial, `${root}/${path}`);
}
