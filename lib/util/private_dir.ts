/**
 * Creates folders that are closed to other users of the machine.
 *
 * @module
 */

import { InvalidConfigError } from "../errors.ts";
import { unlessMissingSync } from "./files.ts";

/** Rights of group and others. */
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

/** Options of {@linkcode ensurePrivateDir}. */
export interface PrivateDirOptions {
  /** Name of the setting, for messages, such as `DATA_DIR`. */
  readonly setting: string;
  /** User that this process runs as. */
  readonly uid: number;
  /**
   * Decides from the names in an open folder whether Berth may close it. Berth must not change the mode of a folder that
   * contains files of other programs.
   *
   * @default {() => true}
   */
  readonly mayClose?: (names: readonly string[]) => boolean;
  /**
   * Whether other users may list the folder. They may never write to it.
   *
   * @default {false}
   */
  readonly mayBeListed?: boolean;
  /**
   * Whether the path may be a symbolic link.
   *
   * @default {false}
   */
  readonly mayBeLink?: boolean;
}

/** Result of {@linkcode ensurePrivateDir}. */
export interface EnsuredDir {
  /** Whether the call has created the folder. */
  readonly made: boolean;
  /** Whether the folder was open to other users, and the call has closed it. */
  readonly closed: boolean;
}

/**
 * Makes sure that a folder exists and is closed to other users. Creates it with mode 0700, or closes an open one.
 *
 * @param path Absolute path.
 * @param options See {@linkcode PrivateDirOptions}.
 * @returns A record of what the call has done.
 * @throws {InvalidConfigError} If the folder cannot be created, belongs to another user, or must not be closed.
 */
export async function ensurePrivateDir(path: string, options: PrivateDirOptions): Promise<EnsuredDir> {
  const { setting, uid, mayBeListed = false, mayBeLink = false } = options;
  const refuse = (why: string) => new InvalidConfigError([{ path: setting, message: `'${path}' ${why}` }]);
  const look = mayBeLink ? Deno.statSync : Deno.lstatSync;
  // The folder nearly always exists, and checking is cheaper than a failed attempt to create it.
  let found: Deno.FileInfo | undefined;
  try {
    found = unlessMissingSync(() => look(path));
  } catch (error) {
    throw refuse(`cannot be looked at: ${(error as Error).message}`);
  }
  const made = !found && await make(path).catch((error) => {
    throw refuse(`cannot be made: ${(error as Error).message}`);
  });
  const info = found ?? look(path);
  if (!info.isDirectory) throw refuse("is not a folder");
  // Root may use another user's folder, such as the volume of a container, but not one that other users can write to.
  const isForeign = info.uid !== null && info.uid !== uid;
  if (isForeign && !(uid === 0 && mayBeLink)) throw refuse(`belongs to user ${info.uid}, not to ${uid}`);
  const mode = info.mode ?? 0;
  if (mode & OTHERS_WRITE && mayBeListed) {
    throw refuse("can be written to by other users; run chmod 700 on it");
  }
  if (!(mode & OTHERS) || mayBeListed) return { made, closed: false };
  await close(path, mode, options, refuse);
  return { made, closed: true };
}

async function close(
  path: string,
  mode: number,
  { setting, mayClose = () => true }: PrivateDirOptions,
  refuse: (why: string) => InvalidConfigError,
): Promise<void> {
  const names = await Array.fromAsync(Deno.readDir(path), ({ name }) => name).catch((error) => {
    throw refuse(`cannot be read: ${(error as Error).message}`);
  });
  if (!mayClose(names)) {
    throw refuse(
      `is open to other users (mode ${(mode & 0o7777).toString(8)}) and holds files that are not Berth's; ` +
        `set ${setting} to a folder of its own, or run chmod 700 on it`,
    );
  }
  await Deno.chmod(path, 0o700).catch((error) => {
    throw refuse(
      `is open to other users and cannot be closed: ${(error as Error).message}; run chmod 700 on it`,
    );
  });
}

async function make(path: string): Promise<boolean> {
  try {
    await Deno.mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await Deno.mkdir(path, { mode: 0o700, recursive: true });
  return true;
}
