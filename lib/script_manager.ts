/**
 * Puts the runner's own files beside the bot's code.
 *
 * @module
 */

import { BashEntrypointFactory } from "./bash_entrypoint_factory.ts";
import { CodeEntrypointFactory, type ScriptFile } from "./code_entrypoint_factory.ts";
import { CONFIG_FILE, RUNNER_FOLDER } from "./container_layout.ts";
import type { Executable } from "./executable.ts";
import type { FileOwner } from "./file_owner.ts";

/** Writes `entrypoint.sh`, the language's wrapper and the configuration into a code folder. */
export class ScriptManager {
  readonly #factories: readonly { create(executable: Executable): ScriptFile | ScriptFile[] }[];

  /**
   * Makes one; nothing is read or dialled yet.
   *
   * @param factories What gives the files; by default both factories of this library.
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
   * Writes the files.
   *
   * @param executable A validated executable.
   * @param folder Its code folder. Holds the extracted archive and none of the runner's files.
   * @param owner Who the files belong to; absent: the user that Berth runs as.
   * @throws {Deno.errors.AlreadyExists} when one of the files is there: nothing is ever written over or through.
   */
  async create(executable: Executable, folder: string, owner?: FileOwner): Promise<void> {
    const runnerFolder = `${folder}/${RUNNER_FOLDER}`;
    await Deno.mkdir(runnerFolder, { mode: 0o755 });
    const files: ScriptFile[] = [
      ...this.#factories.flatMap((factory) => factory.create(executable)),
      { path: CONFIG_FILE, text: executable.config, mode: 0o600 },
    ];
    await Promise.all(
      files.map(({ path, text, mode }) =>
        Deno.writeTextFile(`${folder}/${path}`, text, { mode, createNew: true })
      ),
    );
    if (!owner) return;
    const paths = [runnerFolder, ...files.map(({ path }) => `${folder}/${path}`)];
    await Promise.all(paths.map((path) => Deno.chown(path, owner.uid, owner.gid)));
  }
}
