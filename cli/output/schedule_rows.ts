/**
 * Combines documents of schedules with the ledger.
 *
 * @module
 */

import { describeCron } from "../../services/cron/describe_cron.ts";
import type { StoredBot } from "../../services/documents/bot_repository.ts";
import { nextSlot } from "../../services/schedules/next_slot.ts";
import type { RunRecord } from "../../services/schedules/run_repository.ts";
import { parseScheduleDocument } from "../../services/schedules/schedule_document.ts";
import { readExecutionTime } from "../../services/schedules/schedule_repository.ts";

/** The state of a schedule. */
export interface ScheduleRow {
  /** Discriminates the union with bots. */
  readonly kind: "schedule";
  /** Its id. */
  readonly id: string;
  /** Whether its document enables it. */
  readonly enabled: boolean;
  /** Version of its code; `null` if its document is invalid. */
  readonly version: string | null;
  /** Its runtime; `null` if its document is invalid. */
  readonly runtime: string | null;
  /** Its cron expression, with the time zone if it is not UTC; `null` if its document is invalid. */
  readonly schedule: string | null;
  /** Why its document is invalid. */
  readonly problem?: string;
  /** Warnings about its document, one per line. */
  readonly notes?: readonly string[];
  /** Its next slot, or one that is due; `null` if there is none. */
  readonly next: Date | null;
  /** Record of its latest slot; `null` if there is none. */
  readonly last: RunRecord | null;
}

/**
 * Combines a schedule's document with its ledger.
 *
 * @param stored The document.
 * @param last Record of its latest slot.
 * @param now Current time in ms since the epoch.
 */
export function scheduleRow(
  { key, document }: StoredBot,
  last: RunRecord | undefined,
  now: number,
): ScheduleRow {
  const parsed = parseScheduleDocument(document, key);
  const { enabled } = parsed;
  const row = { kind: "schedule", id: key, enabled, last: last ?? null } as const;
  if (parsed.status === "invalid") {
    return { ...row, version: null, runtime: null, schedule: null, problem: parsed.reason, next: null };
  }
  const { executable: { version, runtime }, cron, notes } = parsed;
  const from = readExecutionTime(document.next_execution_time);
  const next = enabled ? nextSlot(cron, from, Math.floor(now / 1000)) : undefined;
  return {
    ...row,
    version: version ?? null,
    runtime,
    schedule: describeCron(cron),
    next: next === undefined ? null : new Date(next * 1000),
    ...(notes.length > 0 && { notes }),
  };
}
