/**
 * A latch: a guard that has tripped and holds until a person releases it.
 *
 * @module
 */

import type { StoredRecord } from "../records/record_store.ts";
import { field, isObject } from "../documents/document_fields.ts";
import type { GuardAction } from "../documents/guard_settings.ts";

/** Names a latch. */
export interface LatchKey {
  /** Id of the bot. */
  readonly bot: string;
  /** Name of the guard. */
  readonly guard: string;
}

/** A guard that has tripped. */
export interface Latch extends LatchKey {
  /** When it tripped: RFC 3339. */
  readonly at: string;
  /** Whether the bot is held, or people were only alerted. */
  readonly action: GuardAction;
  /** Why, for example `equity.value 8 below 10`. */
  readonly text: string;
  /** The value that was compared with the limit; absent if nothing came. */
  readonly value?: number;
  /** The peak of a drawdown. */
  readonly peak?: number;
  /** The limit. */
  readonly limit: number;
  /** Which bots it holds, by a label; absent if the guard is the bot's own. */
  readonly bots?: string;
  /** The last lines that the bot had printed. */
  readonly lastLines: readonly string[];
}

/** A release of a latch. */
export interface Release {
  /** The person who released it. */
  readonly by: string;
  /** Why. */
  readonly reason: string;
  /** When: RFC 3339. */
  readonly at: string;
}

/** A latch as it is stored. The last one of a guard stays after its release. */
export interface KeptLatch {
  /** The latch. */
  readonly latch: Latch;
  /** Its release; absent while it is open. */
  readonly release?: Release;
}

/**
 * Makes a record of a latch.
 *
 * @param kept The latch.
 */
export function toLatchRecord({ latch, release }: KeptLatch): StoredRecord["value"] {
  return {
    latch: { ...latch, lastLines: [...latch.lastLines] },
    ...(release && { release: { ...release } }),
  };
}

/**
 * Reads a record. One that cannot be understood is an open latch: what it says must not be lost.
 *
 * @param record The record.
 */
export function fromLatchRecord({ id, value }: StoredRecord): KeptLatch {
  const cut = id.indexOf("/");
  const key = { bot: id.slice(0, cut), guard: id.slice(cut + 1) };
  const latch = field(value, "latch");
  const release = field(value, "release");
  const isRelease = isObject(release) && typeof release.by === "string";
  if (!isObject(latch) || typeof latch.text !== "string") {
    const unknown = {
      at: new Date(0).toISOString(),
      action: "stop",
      text: "its record cannot be read",
    } as const;
    return {
      latch: { ...key, ...unknown, limit: 0, lastLines: [] },
      ...(isRelease && { release: release as unknown as Release }),
    };
  }
  return {
    latch: {
      ...latch as unknown as Latch,
      ...key,
      action: latch.action === "alert" ? "alert" : "stop",
    },
    ...(isRelease && { release: release as unknown as Release }),
  };
}

/** Tells whether a latch does more than one that is open. @param latch The latch. @param open The open one, if any. */
export function isMore(latch: Latch, open: Latch | undefined): boolean {
  return !open || (latch.action === "stop" && open.action === "alert");
}

/** Names the record of a latch. @param key The bot and the guard. */
export function latchId({ bot, guard }: LatchKey): string {
  return `${bot}/${guard}`;
}
