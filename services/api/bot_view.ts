/**
 * How the API shows a bot.
 *
 * @module
 */

import { describeCondition, type RunningBot } from "../bots/bot_condition.ts";
import { conditionAdvice } from "../bots/condition_advice.ts";
import type { KeptExit } from "../bots/exit_history.ts";
import type { BotExit, BotStart, BotSummary } from "../contract/bots.ts";
import type { ParsedBotDocument } from "../documents/bot_document.ts";
import { MAX_VERSION_LENGTH } from "../documents/version_of.ts";
import type { KeptStart } from "../revisions/start_history.ts";
import type { StoredLogLine } from "../../lib/logs/line_format.ts";

/** The data of a bot. */
export interface KnownBot {
  /** Its id. */
  readonly id: string;
  /** The parsed document; absent if only a container is left of it. */
  readonly parsed?: ParsedBotDocument | undefined;
  /** Its status; absent if this process does not look after it, or not yet. */
  readonly status?: RunningBot | undefined;
}

/** Lines that are shown of each end. */
const LINES_OF_EXIT = 10;
/** How much later than the end of its program a line may be received, in ms. */
const LATE_LINE_MS = 500;
/** Longest line of an end, in characters; the log has all of it. */
const MAX_LINE = 4000;

/**
 * Shows a bot in a list.
 *
 * @param bot The facts about it.
 */
export function botSummaryOf(
  { id, parsed, status }: KnownBot,
): BotSummary {
  const condition = status?.condition;
  const notes = notesOf(parsed, status);
  return {
    id,
    enabled: parsed?.enabled ?? false,
    ...stateOf(parsed, status),
    ...(status && { since: sinceOf(status).toISOString() }),
    ...(condition && "until" in condition && condition.until && { until: condition.until.toISOString() }),
    ...(parsed?.status === "valid" && {
      ...(parsed.executable.version !== undefined &&
        { version: cut(parsed.executable.version, MAX_VERSION_LENGTH) }),
      runtime: parsed.executable.runtime,
      ...(parsed.settings.labels && { labels: { ...parsed.settings.labels } }),
    }),
    ...(status?.attempt !== undefined && { attempt: status.attempt }),
    ...(status?.startedAt && { startedAt: status.startedAt.toISOString() }),
    ...(status?.containerId !== undefined && { containerId: status.containerId }),
    ...(status?.node !== undefined && { node: status.node }),
    ...(status?.statusText !== undefined && { statusText: status.statusText }),
    ...(notes.length > 0 && { notes }),
  };
}

/** A bot that has ended has done so since then, and not since a service first saw it. */
function sinceOf({ condition, conditionSince }: RunningBot): Date {
  return "endedAt" in condition && condition.endedAt ? condition.endedAt : conditionSince;
}

/** The state of a bot. If no service looks after it, this says at least whether its document is invalid. */
function stateOf(
  parsed: ParsedBotDocument | undefined,
  status: RunningBot | undefined,
): Pick<BotSummary, "state" | "condition"> {
  if (status) return { state: status.condition.type, condition: describeCondition(status.condition) };
  const seen = "not looked at yet";
  const condition = parsed?.status === "invalid"
    ? `${seen}; its document is invalid: ${parsed.reason}`
    : seen;
  return { state: "unknown", condition };
}

function notesOf(parsed: ParsedBotDocument | undefined, status: RunningBot | undefined): string[] {
  const ofDocument = parsed?.status === "valid" ? parsed.notes : [];
  return [...new Set([...ofDocument, ...status?.notes ?? []])];
}

/**
 * Returns the advice about a bot.
 *
 * @param bot The facts about it.
 * @returns `undefined` if nothing has to be done.
 */
export function botAdviceOf(
  { id, parsed, status }: KnownBot,
): string | undefined {
  if (status) return conditionAdvice(id, status.condition);
  if (parsed?.status === "invalid") {
    return "Correct its document, for example with 'berth deploy DIR'.";
  }
  return undefined;
}

/**
 * Shows the start of a container.
 *
 * @param starts The last starts of the bot.
 * @param containerId The engine's id of the container.
 * @returns Nothing if the start is not known.
 */
export function startOf(
  starts: readonly KeptStart[],
  containerId: string | undefined,
): { start?: BotStart } {
  const kept = starts.find((one) => one.containerId === containerId);
  if (!kept) return {};
  const { containerId: _id, dependencies, secrets, ...start } = kept;
  return {
    start: {
      ...start,
      ...(dependencies && { dependencies: [...dependencies] }),
      ...(secrets && { secrets: { ...secrets } }),
    },
  };
}

/**
 * Shows the ends of a bot's containers, each with the last lines before it.
 *
 * @param exits The ends, the newest first.
 * @param lines The last lines of the bot's log, the oldest first.
 * @param starts The last starts of the bot.
 */
export function botExitsOf(
  exits: readonly KeptExit[],
  lines: readonly StoredLogLine[],
  starts: readonly KeptStart[],
): BotExit[] {
  return exits.map(({ at, startedAt, attempt, exitCode, reason, containerId }, index) => {
    const next = exits[index - 1]?.startedAt;
    const from = Date.parse(startedAt);
    const to = Math.min(Date.parse(at) + LATE_LINE_MS, next === undefined ? Infinity : Date.parse(next) - 1);
    const own = lines.filter(({ time }) => {
      const ms = Date.parse(time);
      return ms >= from && ms <= to;
    });
    return {
      at,
      startedAt,
      attempt,
      ...(exitCode !== undefined && { exitCode }),
      reason,
      ...startOf(starts, containerId),
      lastLines: own.slice(-LINES_OF_EXIT).map(({ text }) => cut(text, MAX_LINE)),
    };
  });
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
