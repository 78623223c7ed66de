/**
 * Describes what a container has written to disk.
 *
 * @module
 */

/** Disk use of a container that exceeds a limit. */
export interface DiskUse {
  /** Bytes in its view of the code and in its own layer. */
  readonly bytes: number;
  /** Bytes in its own layer. */
  readonly layerBytes: number;
  /** Disk limit, in bytes. */
  readonly limitBytes: number;
  /** Whether the limit is the bot's own, `disk_mb`. @default {it is that of all, BOT_DISK_LIMIT_MB} */
  readonly isOwnLimit?: true;
  /** Largest file in its view, with its path there. */
  readonly largest?: { readonly path: string; readonly bytes: number };
  /** Whether this is the size of its state, and not of what it writes elsewhere. @default {false} */
  readonly isState?: boolean;
}

const MIB = 1024 * 1024;
const MAX_PATH_LENGTH = 120;

/**
 * Describes how much a container has written, where, and what to do.
 *
 * @param use See {@linkcode DiskUse}.
 * @returns For example `wrote 2100 MB to disk and may write 2048 MB, most of it to "data.bin" in its code folder; let it
 * write less, or raise BOT_DISK_LIMIT_MB`.
 */
export function describeDiskUse(use: DiskUse): string {
  const { bytes, limitBytes, isOwnLimit, isState, largest } = use;
  if (isState) {
    return `keeps ${Math.ceil(bytes / MIB)} MB of state and may keep ${Math.floor(limitBytes / MIB)} MB` +
      `${
        largest ? `, ${shown(largest.path)} is the largest file` : ""
      }; let it keep less, or raise 'max_mb' of its state`;
  }
  const place = placeOf(use);
  return `wrote ${Math.ceil(bytes / MIB)} MB to disk and may write ${Math.floor(limitBytes / MIB)} MB` +
    `${place ? `, most of it ${place}` : ""}; let it write less, or raise ${
      isOwnLimit ? "disk_mb" : "BOT_DISK_LIMIT_MB"
    }`;
}

function placeOf({ bytes, layerBytes, largest }: DiskUse): string | undefined {
  if (layerBytes > bytes / 2) return "outside its code folder, for example to /tmp";
  if (largest && largest.bytes > bytes / 2) return `to ${shown(largest.path)} in its code folder`;
  if (largest) return `to its code folder, where ${shown(largest.path)} is the largest file`;
  return undefined;
}

/** Escapes a name, which a bot has chosen. */
function shown(path: string): string {
  const end = path.length > MAX_PATH_LENGTH ? `…${path.slice(-MAX_PATH_LENGTH)}` : path;
  return JSON.stringify(end.toWellFormed()).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\uFFFD");
}
