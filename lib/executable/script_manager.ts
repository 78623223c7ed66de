/**
 * Writes the runner's own files for a container.
 *
 * @module
 */

import { BashEntrypointFactory } from "./bash_entrypoint_factory.ts";
import { CodeEntrypointFactory, type ScriptFile } from "./code_entrypoint_factory.ts";
import { CONFIG_FILE } from "./container_layout.ts";
import type { Executable } from "./executable.ts";
import type { FileOwner } from "../util/files.ts";

/** Writes `entrypoint.sh`, the language's wrapper and the configuration into a folder. */
export class ScriptManager {
  readonly #factories: readonly { create(executable: Executable): ScriptFile | ScriptFile[] }[];

  /**
   * @param factories Create the files. @default {the script and the wrapper}
   */
  constructor(
    factories: readonly { create(executable: Executable): ScriptFile | ScriptFile[] }[] = [
      new BashEntrypointFactory(),
      new CodeEntrypointFactory(),
    ],
  ) {
    this.#factories = factories;
  }

  /**
   * Writes the files. Only its owner can read the configuration, which may contain secrets.
   *
   * @param executable A validated executable.
   * @param folder Absolute path of the folder to make.
   * @param owner Owner of the configuration. @default {the user that Berth runs as}
   * @throws {Deno.errors.AlreadyExists} If the folder exists: files are never overwritten, and links never followed.
   */
  async create(executable: Executable, folder: string, owner?: FileOwner): Promise<void> {
    await Deno.mkdir(folder, { mode: 0o755 });
    const files: ScriptFile[] = [
      ...this.#factories.flatMap((factory) => factory.create(executable)),
      { path: CONFIG_FILE, text: executable.config, mode: 0o400 },
    ];
    await Promise.all(
      files.map(({ path, text, mode }) =>
        Deno.writeTextFile(`${folder}/${path}`, text, { mode, createNew: true })
      ),
    );
    if (owner) await Deno.chown(`${folder}/${CONFIG_FILE}`, owner.uid, owner.gid);
  }
}
