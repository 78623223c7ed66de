/**
 * How far the containers of a bot have been read, as it stands beside the lines in the object's metadata:
 * `CONTAINER,OUTPUT,TIME,ORDINAL,CHECK,ENTRIES,OTHER TIME,OTHER ORDINAL` for each, with semicolons between. Times
 * are nanoseconds since 1970; all numbers are to the base of 36.
 *
 * @module
 */

import type { ObjectMetadata } from "../objects/object_store.ts";
import type { LogMark } from "./log_mark.ts";

/** How far a container has been read. */
export interface LogCursor {
  /** The engine's id of the container, its first 12 digits. */
  readonly container: string;
  /** The last entry whose line is stored. */
  readonly mark: LogMark;
  /** How many entries have been stored. */
  readonly entries: number;
}

/** Name of the metadata. */
const NAME = "berth-cursors";
/** What fits into the metadata of any store. */
const MAX_BYTES = 1900;
const NUMBER = "([0-9a-z]{1,16})";
const ENTRY = new RegExp(
  `^([0-9a-f]{1,12}),([oe]),${NUMBER},${NUMBER},${NUMBER},${NUMBER},${NUMBER}?,${NUMBER}?$`,
);

/** Cuts an engine's id to what tells it from others. */
export function shortContainerId(id: string): string {
  return id.slice(0, 12);
}

/**
 * Reads cursors.
 *
 * @param metadata Metadata of an object.
 * @returns The cursors; what is damaged or of somebody else's is left out.
 */
export function readCursors(metadata: ObjectMetadata | undefined): LogCursor[] {
  return (metadata?.[NAME] ?? "").split(";").flatMap((text) => {
    const [, container, stream, time, ordinal, check, entries, otherTime, otherOrdinal] = ENTRY.exec(text) ??
      [];
    if (container === undefined) return [];
    const mark: LogMark = {
      stream: stream === "e" ? "stderr" : "stdout",
      time: readTime(time!),
      ordinal: parseInt(ordinal!, 36),
      check: parseInt(check!, 36),
      ...(otherTime && otherOrdinal && {
        other: { time: readTime(otherTime), ordinal: parseInt(otherOrdinal, 36) },
      }),
    };
    return [{ container, mark, entries: parseInt(entries!, 36) }];
  });
}

/**
 * Writes cursors.
 *
 * @param cursors The cursors, the most important first.
 * @returns Metadata with as many of them as fit.
 */
export function writeCursors(
  cursors: readonly LogCursor[],
): { readonly metadata: ObjectMetadata; readonly left: number } {
  let text = "";
  let written = 0;
  for (const cursor of cursors) {
    const entry = encode(cursor);
    if (text.length + entry.length + 1 > MAX_BYTES) break;
    text += written === 0 ? entry : `;${entry}`;
    written++;
  }
  return { metadata: written === 0 ? {} : { [NAME]: text }, left: cursors.length - written };
}

function encode({ container, mark, entries }: LogCursor): string {
  const { stream, time, ordinal, check, other } = mark;
  const fields = [
    container,
    stream === "stderr" ? "e" : "o",
    writeTime(time),
    ...[ordinal, check, entries].map((number) => number.toString(36)),
    other ? writeTime(other.time) : "",
    other ? other.ordinal.toString(36) : "",
  ];
  return fields.join(",");
}

function writeTime(time: string): string {
  const ms = Date.parse(`${time.slice(0, 19)}Z`);
  return (BigInt(ms) * 1_000_000n + BigInt(time.slice(20, 29))).toString(36);
}

function readTime(text: string): string {
  let nanoseconds = 0n;
  for (const digit of text) nanoseconds = nanoseconds * 36n + BigInt(parseInt(digit, 36));
  const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1000);
  if (Number.isNaN(seconds.getTime())) return "1970-01-01T00:00:00.000000000Z";
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, "0");
  return `${seconds.toISOString().slice(0, 19)}.${fraction}Z`;
}
