/**
 * Defines the users inside a container, so that the bot's user has a name and a home there.
 *
 * @module
 */

import { WORKING_DIR } from "../executable/container_layout.ts";
import type { Executable } from "../executable/executable.ts";
import type { StartContext, StartPart, StartSource } from "../executable/start_source.ts";
import type { BindMount } from "../engine/container_spec.ts";
import { type FileOwner, onDisk, unlessMissingSync } from "../util/files.ts";

/** Name of the bot's user inside its container. */
const NAME = "bot";
/** Users and groups that Debian and Alpine have in common and that programs look up. */
const USERS = ["root:0", "daemon:1", "bin:2", "mail:8", "www-data:33", "nobody:65534"];
const GROUPS = ["root:0", "daemon:1", "bin:2", "tty:5", "disk:6", "mail:8", "www-data:33", "nogroup:65534"];

/**
 * Replaces an image's `/etc/passwd` and `/etc/group`. No image knows the user ids of bots, and a process without an entry
 * there has no name (`getpass.getuser()`, `os.userInfo()`) and no home.
 *
 * Each user has its own pair of files, which no bot can write to.
 */
export class UserFiles implements StartSource {
  readonly #folder: string;
  readonly #writing = new Map<string, Promise<void>>();

  /**
   * @param folder Absolute path of the folder for the files. Created when needed.
   */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** {@inheritDoc StartSource.prepare} */
  async prepare(_executable: Executable, { user }: Pick<StartContext, "user">): Promise<StartPart> {
    return { binds: await this.mounts(user) };
  }

  /**
   * Makes sure that the files of a user exist.
   *
   * @param user The user that a container runs as.
   * @returns The mounts that put the files into the container.
   * @throws {BerthError} If the files cannot be written (`archive/io`).
   */
  async mounts(user: FileOwner): Promise<BindMount[]> {
    const files = [
      ["/etc/passwd", `${user.uid}-${user.gid}.passwd`, passwd(user)],
      ["/etc/group", `${user.gid}.group`, group(user)],
    ] as const;
    return await Promise.all(files.map(async ([target, name, content]) => {
      const source = `${this.#folder}/${name}`;
      await this.#ensure(source, content);
      return { source, target, readOnly: true };
    }));
  }

  /** Concurrent starts of one user share one write. */
  #ensure(path: string, content: string): Promise<void> {
    const writing = this.#writing.get(path) ?? this.#write(path, content).finally(() => {
      this.#writing.delete(path);
    });
    this.#writing.set(path, writing);
    return writing;
  }

  /** The name determines the content, so an existing file is right unless it was cut off. */
  async #write(path: string, content: string): Promise<void> {
    await onDisk(`write '${path}'`, () => {
      if (unlessMissingSync(() => Deno.statSync(path))?.size === content.length) return;
      Deno.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const part = `${path}.${crypto.randomUUID()}`;
      Deno.writeTextFileSync(part, content, { mode: 0o644, createNew: true });
      Deno.chmodSync(part, 0o644);
      Deno.renameSync(part, path);
    });
  }
}

/** The first entry of an id wins, so the bot's comes first. */
function passwd({ uid, gid }: FileOwner): string {
  const own = uid === 0 ? `root:x:0:${gid}:root` : `${NAME}:x:${uid}:${gid}:${NAME}`;
  const others = USERS.map((user) => user.split(":")).filter(([, id]) => Number(id) !== uid);
  return [
    `${own}:${WORKING_DIR}:/bin/sh`,
    ...others.map(([name, id]) => `${name}:x:${id}:${id}:${name}:/:/bin/false`),
    "",
  ].join("\n");
}

function group({ gid }: FileOwner): string {
  const own = gid === 0 ? [] : [`${NAME}:x:${gid}:`];
  const others = GROUPS.map((each) => each.split(":")).filter(([, id]) => gid === 0 || Number(id) !== gid);
  return [...own, ...others.map(([name, id]) => `${name}:x:${id}:`), ""].join("\n");
}
