/**
 * Shows documents of schedules as the API gives them.
 *
 * @module
 */

import type { ScheduleSummary } from "../contract/schedules.ts";
import { describeCron } from "../cron/describe_cron.ts";
import type { DocumentRules } from "../documents/bot_document.ts";
import type { StoredBot } from "../documents/bot_repository.ts";
import { MAX_VERSION_LENGTH } from "../documents/version_of.ts";
import { nextSlot } from "../schedules/next_slot.ts";
import { describeScheduleCondition, type ScheduleCondition } from "../schedules/schedule_condition.ts";
import { parseScheduleDocument } from "../schedules/schedule_document.ts";
import { readExecutionTime } from "../schedules/schedule_repository.ts";

/**
 * Shows a schedule without its runs. Its state follows from its document alone, so any process can determine it.
 *
 * @param stored The document.
 * @param now Current time in ms since the epoch.
 * @param rules The rules for what a run may ask for, and the trading calendars.
 */
export function scheduleView(
  { key, document }: StoredBot,
  now: number,
  rules: DocumentRules,
): ScheduleSummary {
  const parsed = parseScheduleDocument(document, key, rules);
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
    : { type: "finished", ...(cron.whyEnds !== undefined && { reason: cron.whyEnds }) };
  return {
    id: key,
    enabled,
    ...toState(condition),
    schedule: describeCron(cron),
    timezone: cron.timezone,
    ...(next && { next: next.toISOString() }),
    ...(version !== "" && { version: version.slice(0, MAX_VERSION_LENGTH) }),
    runtime,
    ...(notes.length > 0 && { notes: [...notes] }),
  };
}

function toState(condition: ScheduleCondition): Pick<ScheduleSummary, "state" | "condition"> {
  return { state: condition.type, condition: describeScheduleCondition(condition) };
}
