/**
 * Shows documents of schedules as the API gives them.
 *
 * @module
 */

import type { LimitBounds } from "../../lib/runner/limit_bounds.ts";
import type { ScheduleSummary } from "../contract/schedules.ts";
import { describeCron } from "../cron/describe_cron.ts";
import type { StoredBot } from "../documents/bot_repository.ts";
import { nextSlot } from "../schedules/next_slot.ts";
import { describeScheduleCondition, type ScheduleCondition } from "../schedules/schedule_condition.ts";
import { parseScheduleDocument } from "../schedules/schedule_document.ts";
import { readExecutionTime } from "../schedules/schedule_repository.ts";

/**
 * Shows a schedule without its runs. Its state follows from its document alone, so any process can tell it.
 *
 * @param stored The document.
 * @param now Current time in ms since the epoch.
 * @param bounds What a run may ask for.
 */
export function scheduleView(
  { key, document }: StoredBot,
  now: number,
  bounds: LimitBounds,
): ScheduleSummary {
  const parsed = parseScheduleDocument(document, key, bounds);
  const { enabled } = parsed;
  if (parsed.status === "invalid") {
    const condition: ScheduleCondition = enabled
      ? { type: "invalid", reason: parsed.reason }
      : { type: "disabled" };
    return { id: key, enabled, ...toState(condition), problem: parsed.reason };
  }
  const { executable: { version, runtime }, cron, notes } = parsed;
  const from = readExecutionTime(document.next_execution_time);
  const slot = enabled ? nextSlot(cron, from, Math.floor(now / 1000)) : undefined;
  const next = slot === undefined ? undefined : new Date(slot * 1000);
  const condition: ScheduleCondition = !enabled
    ? { type: "disabled" }
    : next
    ? { type: "scheduled", next }
    : { type: "finished" };
  return {
    id: key,
    enabled,
    ...toState(condition),
    schedule: describeCron(cron),
    timezone: cron.timezone,
    ...(next && { next: next.toISOString() }),
    ...(version !== "" && { version }),
    runtime,
    ...(notes.length > 0 && { notes: [...notes] }),
  };
}

function toState(condition: ScheduleCondition): Pick<ScheduleSummary, "state" | "condition"> {
  return { state: condition.type, condition: describeScheduleCondition(condition) };
}
