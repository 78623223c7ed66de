/**
 * The folders of all states on this host.
 *
 * @module
 */

import { isBotId } from "../executable/bot_id.ts";
import { DEFAULT_STATE, type StateSettings } from "../executable/state_settings.ts";
import { unlessMissing } from "../util/files.ts";
import { StateFolder } from "./state_folder.ts";

/** Finds the folder of each bot's state. */
export class StateFolders {
  readonly #root: string;
  readonly #known = new Map<string, StateFolder>();

  /** @param root Absolute path of the folder of all states of the instance. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Returns the folder of a bot, which may not exist. @param id Id of the bot. */
  of(id: string): StateFolder {
    if (!isBotId(id)) throw new TypeError(`'${id}' is not the id of a bot`);
    const folder = this.#known.get(id) ?? new StateFolder(id, `${this.#root}/${id}`);
    this.#known.set(id, folder);
    return folder;
  }

  /** Forgets the folder of a bot that has been removed. @param id Id of the bot. */
  forget(id: string): void {
    this.#known.delete(id);
  }

  /** Lists the bots that have a folder. */
  async ids(): Promise<string[]> {
    const names = await unlessMissing(Array.fromAsync(Deno.readDir(this.#root), ({ name }) => name));
    return (names ?? []).filter(isBotId);
  }
}

/** Returns the settings of a bot's last start, or the defaults. @param folder Folder of the bot. */
export async function settingsOf(folder: StateFolder): Promise<StateSettings> {
  return (await folder.read().catch(() => undefined))?.settings ?? DEFAULT_STATE;
}
