/**
 * Finds out which user ids are taken on this machine.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { UidRange } from "./bot_users.ts";

/** Files that list the users and groups of a machine, and the ids that it has given to containers of users. */
export const HOST_USER_FILES: readonly string[] = ["/etc/passwd", "/etc/group", "/etc/subuid", "/etc/subgid"];

/** Longest line that is read, in characters; reading a file stops at a longer one. */
const MAX_LINE_CHARACTERS = 65_536;

/**
 * Reads which user and group ids a file of the host names.
 *
 * @param path One of {@linkcode HOST_USER_FILES}: decides how its lines are read.
 * @param text Its content.
 * @returns The ids, as ranges.
 */
export function parseHostIds(path: string, text: string): UidRange[] {
  const isRange = /\/sub[ug]id$/.test(path);
  const ranges: UidRange[] = [];
  for (const line of text.split("\n")) {
    const [, second = "", third = ""] = line.slice(0, MAX_LINE_CHARACTERS).split(":");
    const first = Number(isRange ? second : third);
    const count = isRange ? Number(third) : 1;
    const isNumber = (isRange ? second : third) !== "" && Number.isSafeInteger(first) && count > 0;
    if (isNumber) ranges.push({ first, last: first + count - 1 });
  }
  return ranges;
}

/** The user ids of this machine, read once. Does not know users of a directory service such as LDAP. */
export class HostUsers {
  #ranges: Promise<readonly UidRange[]> | undefined;

  /**
   * Whether a user or group of the machine has an id, or may give it to its own containers.
   *
   * @param uid The id.
   */
  async has(uid: number): Promise<boolean> {
    const ranges = await (this.#ranges ??= readRanges());
    return ranges.some(({ first, last }) => first <= uid && uid <= last);
  }
}

async function readRanges(): Promise<UidRange[]> {
  const ranges = await Promise.all(HOST_USER_FILES.map(async (path) => {
    try {
      return parseHostIds(path, await Deno.readTextFile(path));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        getLogger(["berth", "runner"]).warn("users of this machine are not known: bots may be given theirs", {
          path,
          error,
        });
      }
      return [];
    }
  }));
  return ranges.flat();
}
