/**
 * Reads the entries of a state folder out of the archive that an engine makes of it.
 *
 * @module
 */

import type { StateEntry } from "./state_entry.ts";
import { StateError } from "./state_error.ts";
import { readTar } from "../util/read_tar.ts";

/** Stands for bytes of a name that are not UTF-8. */
const REPLACEMENT = "\uFFFD";

/**
 * Passes on the entries of an engine's archive.
 *
 * Entries whose names are not UTF-8 count as left out, as they do in a folder.
 *
 * @param chunks The archive, in which all names begin with that of the folder.
 * @param add Takes an entry.
 * @throws {StateError} If the archive breaks off, as it does when a file becomes shorter while the engine reads it.
 */
export async function engineEntries(
  chunks: AsyncIterable<Uint8Array>,
  add: (entry: StateEntry) => Promise<void>,
): Promise<void> {
  let failure: unknown;
  const keep = (error: unknown) => {
    failure = error;
    throw error;
  };
  try {
    await readTar(chunks, async (header, content) => {
      const path = withoutRoot(header.name);
      if (path === "") return;
      // Two such names may be the same here, and no archive holds a name twice.
      if (path.includes(REPLACEMENT)) {
        return await add({ path, mode: 0, mtimeMs: 0, type: "other" }).catch(keep);
      }
      const base = { path, mode: header.mode ?? 0o600, mtimeMs: header.mtime?.getTime() ?? 0 };
      const size = header.size ?? 0;
      const target = header.linkname ?? "";
      switch (header.type) {
        case "directory":
          return await add({ ...base, type: "folder" }).catch(keep);
        case "file":
        case "contiguous-file":
          return await add({ ...base, type: "file", size, content }).catch(keep);
        case "symlink":
          return await add({ ...base, type: "link", target }).catch(keep);
        case "link":
          return await add({ ...base, type: "same", target: withoutRoot(target) }).catch(keep);
        default:
          return await add({ ...base, type: "other" }).catch(keep);
      }
    });
  } catch (cause) {
    if (cause === failure) throw cause;
    throw new StateError("changing", "A file of the state became shorter while it was read.", {
      advice: "Try again, or stop the bot first.",
      cause,
    });
  }
}

function withoutRoot(name: string): string {
  return name.split("/").slice(1).filter((part) => part !== "" && part !== ".").join("/");
}
