/**
 * Checkpoints of the containers of a bot, as the metadata of the object that holds the lines:
 * `CONTAINER,OUTPUT,TIME,ORDINAL,CHECK,ENTRIES,OTHER TIME,OTHER ORDINAL` for each, with semicolons between. Times
 * are nanoseconds since 1970; all numbers are in base 36.
 *
 * @module
 */

import type { ObjectMetadata } from "../objects/object_store.ts";
import type { LogOffset } from "../engine/log_offset.ts";

/** How far the log of a container is stored. */
export interface LogCheckpoint {
  /** The engine's id of the container, shortened to 12 digits. */
  readonly container: string;
  /** The last entry that is stored. */
  readonly offset: LogOffset;
  /** How many entries have been stored. */
  readonly entries: number;
}

const METADATA_NAME = "berth-cursors";
/** Maximum length of a checkpoint: it fits into the metadata of any store. */
const MAX_BYTES = 1900;
/** Berth writes no later time. */
const MAX_NANOSECONDS = 8_640_000_000_000_000_000_000n;
const NUMBER = "([0-9a-z]{1,16})";
const ENTRY = new RegExp(
  `^([0-9a-z]{1,12}),([oe]),${NUMBER},${NUMBER},${NUMBER},${NUMBER},${NUMBER}?,${NUMBER}?$`,
);

/** The first digits of a container's id, by which checkpoints name it. */
export function shortContainerId(id: string): string {
  return id.slice(0, 12);
}

/** Reads checkpoints. @returns The checkpoints; damaged ones are left out. */
export function readCheckpoints(metadata: ObjectMetadata | undefined): LogCheckpoint[] {
  return (metadata?.[METADATA_NAME] ?? "").split(";").flatMap((text) => {
    const [, container, stream, time, ordinal, check, entries, otherTime, otherOrdinal] = ENTRY.exec(text) ??
      [];
    if (container === undefined) return [];
    const offset: LogOffset = {
      stream: stream === "e" ? "stderr" : "stdout",
      time: readTime(time!),
      ordinal: parseInt(ordinal!, 36),
      check: parseInt(check!, 36),
      ...(otherTime && otherOrdinal && {
        other: { time: readTime(otherTime), ordinal: parseInt(otherOrdinal, 36) },
      }),
    };
    return [{ container, offset, entries: parseInt(entries!, 36) }];
  });
}

/**
 * Writes checkpoints.
 *
 * @param checkpoints The checkpoints, the most important first.
 * @returns Metadata with as many of them as fit.
 */
export function writeCheckpoints(
  checkpoints: readonly LogCheckpoint[],
): { readonly metadata: ObjectMetadata; readonly left: number } {
  let text = "";
  let written = 0;
  for (const checkpoint of checkpoints) {
    const entry = encode(checkpoint);
    if (text.length + entry.length + 1 > MAX_BYTES) break;
    text += written === 0 ? entry : `;${entry}`;
    written++;
  }
  return { metadata: written === 0 ? {} : { [METADATA_NAME]: text }, left: checkpoints.length - written };
}

function encode({ container, offset, entries }: LogCheckpoint): string {
  const { stream, time, ordinal, check, other } = offset;
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
  return Temporal.Instant.from(time).epochNanoseconds.toString(36);
}

function readTime(text: string): string {
  let nanoseconds = 0n;
  for (const digit of text) nanoseconds = nanoseconds * 36n + BigInt(parseInt(digit, 36));
  const instant = Temporal.Instant.fromEpochNanoseconds(nanoseconds > MAX_NANOSECONDS ? 0n : nanoseconds);
  return instant.toString({ fractionalSecondDigits: 9 });
}
