/**
 * The folder of the embedded stores: documents, archives, logs and results.
 *
 * @module
 */

import { join } from "node:path";
import { ensurePrivateDir } from "./private_dir.ts";
import { unlessMissing } from "./files.ts";

/** Folder of the bots' states. Each belongs to the bot's own user. */
const STATE = "state";

/** Names of everything that Berth keeps in `DATA_DIR`, and `lost+found` of a dedicated file system. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  "berth.sqlite",
  "berth.sqlite-journal",
  "berth.sqlite-shm",
  "berth.sqlite-wal",
  "channels.yaml",
  "outage-bots.json",
  "outage-bots.json.part",
  "outage-schedules.json",
  "outage-schedules.json.part",
  "locks",
  "lost+found",
  "objects",
  "secrets",
  "secrets.age",
  "secrets.age.part",
  "secrets.identity",
  "secrets.identity.part",
  STATE,
]);

/**
 * Makes sure that `DATA_DIR` exists and is closed to other users, whichever command runs first. Closes an open folder if
 * it contains only data of Berth.
 *
 * @param path Absolute path.
 * @param uid User that this process runs as. @default {the user of this process}
 * @throws {InvalidConfigError} If the folder cannot be created, or is open and contains files of other programs.
 */
export async function ensureDataDir(path: string, uid: number = Deno.uid() ?? 0): Promise<void> {
  const { closed } = await ensurePrivateDir(path, {
    setting: "DATA_DIR",
    uid,
    mayClose: isOwnData,
    mayBeLink: true,
  });
  // No other user reaches the content now, but its own modes matter once somebody copies or moves it.
  if (closed) await closeTree(path);
}

/**
 * Whether a folder contains only data of Berth.
 *
 * @param names Names of its entries.
 */
export function isOwnData(names: readonly string[]): boolean {
  return names.every((name) => OWN_NAMES.has(name));
}

async function closeTree(folder: string): Promise<void> {
  for (const { name, isDirectory, isFile } of await Array.fromAsync(Deno.readDir(folder))) {
    const path = join(folder, name);
    if (name === "lost+found" || name === STATE || !(isDirectory || isFile)) continue;
    // Another process may have removed it.
    await unlessMissing(Deno.chmod(path, isDirectory ? 0o700 : 0o600));
    if (isDirectory) await unlessMissing(closeTree(path));
  }
}
