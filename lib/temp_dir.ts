/**
 * The folder for archives and private folders.
 *
 * @module
 */

import { InvalidConfigError } from "./errors.ts";
import { unlessMissing } from "./unless_missing.ts";

/**
 * Makes sure that `TEMP_DIR` is there and that no other user of the machine can plant or read anything in it:
 * its usual place is inside a folder that everybody may write to.
 *
 * @param path Absolute path.
 * @param uid User that this process runs as.
 * @returns True when it was made just now.
 * @throws {InvalidConfigError} when it cannot be made or is not safe.
 */
export async function ensureTempDir(path: string, uid: number): Promise<boolean> {
  // It is there nearly always, and asking is cheaper than failing to make it.
  const found = await unlessMissing(Deno.lstat(path)).catch((error) => {
    throw refuse(path, `cannot be looked at: ${(error as Error).message}`);
  });
  const created = !found && await make(path);
  const info = found ?? await Deno.lstat(path);
  if (!info.isDirectory) throw refuse(path, "is not a folder");
  if (info.uid !== null && info.uid !== uid) throw refuse(path, `belongs to user ${info.uid}, not to ${uid}`);
  if ((info.mode ?? 0) & 0o022) throw refuse(path, "can be written to by other users; run chmod 700 on it");
  return created;
}

async function make(path: string): Promise<boolean> {
  try {
    await Deno.mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    if (!(error instanceof Deno.errors.NotFound)) throw cannotBeMade(path, error);
  }
  await Deno.mkdir(path, { mode: 0o700, recursive: true }).catch((error) => {
    throw cannotBeMade(path, error);
  });
  return true;
}

function cannotBeMade(path: string, error: unknown): InvalidConfigError {
  return refuse(path, `cannot be made: ${(error as Error).message}`);
}

function refuse(path: string, why: string): InvalidConfigError {
  return new InvalidConfigError([`TEMP_DIR: '${path}' ${why}`]);
}
