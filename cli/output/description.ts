/**
 * Describes bots and schedules in lines for people.
 *
 * @module
 */

import type { Bot } from "../../services/contract/bots.ts";
import type { VersionList } from "../../services/contract/code.ts";
import type { UsedImage } from "../../services/contract/images.ts";
import type { Schedule } from "../../services/contract/schedules.ts";
import { ago, describeLabels } from "./bot_tables.ts";
import { formatDuration } from "./duration.ts";
import { describeGuards, describeLatch, describeRelease } from "./guard_words.ts";
import { describeTime } from "./schedule_words.ts";
import { describeHealth, describeSession } from "./session_and_health_words.ts";

/** The described bot or schedule. */
export type Shown =
  & (Bot & { readonly kind: "bot" } | Schedule & { readonly kind: "schedule" })
  & Versions;

/** The versions of code that the service has of a bot or a schedule. */
export interface Versions {
  /** The newest first. */
  readonly versions: VersionList["versions"];
  /** The image that it runs in, if the service knows. */
  readonly image?: UsedImage;
}

/** Ends that are shown with their last lines. */
const ENDS_WITH_LINES = 2;

/**
 * Describes a bot: why it is in its state, how it ended before, and what to do.
 *
 * @param bot The bot.
 * @param now Current time in ms since the epoch.
 */
export function describeBot(bot: Bot & Versions, now: number): string[] {
  const { id, condition, since, until, enabled, version, runtime, attempt, containerId, startedAt } = bot;
  return [
    `Bot ${id}`,
    ...fields([
      ["State", condition],
      ["Says", bot.statusText],
      ["Since", since && `${since} (${ago(since, now)})`],
      ["Next try", until && describeTime(new Date(until), now)],
      ["Enabled", bot.document ? enabled ? "yes" : "no" : "it has no document"],
      ["Version", version],
      ["Revision", describeRevision(bot, now)],
      ["Runtime", runtime],
      ...describeImage(bot),
      ["Container", containerId?.slice(0, 12)],
      ["Node", bot.node],
      ["Started", startedAt && `${startedAt} (${ago(startedAt, now)} ago)${describeStart(bot)}`],
      ["Last output", describeLastOutput(bot, now)],
      ["Starts", attempt === undefined ? undefined : `${attempt} in a row`],
      ["Restart", bot.restart],
      ["Accounts", bot.accounts?.join(", ")],
      ["Watchdog", bot.health && describeHealth(bot.health)],
      ["Session", bot.session && describeSession(bot.session, now)],
      ["Limits", bot.limits && describeLimits(bot.limits)],
      ["Network", bot.limits?.network],
      ["Labels", bot.labels && describeLabels(bot.labels)],
    ]),
    ...section("Tripped guards", bot.latches?.flatMap((latch) => describeLatch(latch, now)) ?? []),
    ...section("Guards", describeGuards(bot.guards ?? [], now)),
    ...section("Released guards", bot.releases?.map((release) => describeRelease(release, now)) ?? []),
    ...section("Warnings about the document", bot.notes ?? []),
    ...section("Stored versions", describeVersions(bot.versions, now)),
    ...section("Last ends of its containers", bot.exits.flatMap((exit, at) => describeExit(exit, at))),
    ...todo(bot.advice),
  ];
}

/**
 * Describes a schedule: when it runs, how it ran, and what is wrong with it.
 *
 * @param schedule The schedule.
 * @param now Current time in ms since the epoch.
 */
export function describeSchedule(schedule: Schedule & Versions, now: number): string[] {
  const { id, condition, enabled, version, runtime, lastRun, times, openRuns, problem } = schedule;
  const last = lastRun &&
    `${lastRun.state}, slot ${lastRun.slot}${lastRun.reason ? `: ${lastRun.reason}` : ""} (${lastRun.id})`;
  return [
    `Schedule ${id}`,
    ...fields([
      ["State", condition],
      ["Enabled", enabled ? "yes" : "no"],
      ["Runs at", schedule.schedule],
      ["Version", version],
      ["Revision", describeRevision(schedule, now)],
      ["Runtime", runtime],
      ...describeImage(schedule),
      ["Limits", schedule.limits && describeLimits(schedule.limits)],
      ["Network", schedule.limits?.network],
      ["Last run", last],
    ]),
    ...section(
      "Next times",
      times.map(({ utc, local }) => `${describeTime(new Date(utc), now)}${atHome(utc, local)}`),
    ),
    ...section("Runs in progress", openRuns.map((run) => `${run.id}  ${run.state}, attempt ${run.attempt}`)),
    ...section("Warnings about the document", schedule.notes ?? []),
    ...section("Notes on the times", schedule.clockNotes),
    ...section("Stored versions", describeVersions(schedule.versions, now)),
    ...todo(adviceOf(schedule, problem)),
  ];
}

function adviceOf({ id, enabled, lastRun }: Schedule, problem: string | undefined): string | undefined {
  if (problem !== undefined) return "Correct its document, for example with 'berth deploy DIR'.";
  if (!enabled) return `Resume it with 'berth enable ${id}'.`;
  if (lastRun?.state === "failed" || lastRun?.state === "timed-out") {
    return `See why the last run failed: 'berth logs ${id}'.`;
  }
  return undefined;
}

function describeLimits({ memoryMb, cpus, cpuShares, pids, diskMb }: NonNullable<Bot["limits"]>): string {
  return [
    `${memoryMb} MiB of memory`,
    ...(cpus === undefined ? [] : [`${cpus} ${cpus === 1 ? "processor" : "processors"}`]),
    `CPU weight ${cpuShares}`,
    `${pids} processes`,
    ...(diskMb === undefined ? [] : [`${diskMb} MiB on disk`]),
  ].join(", ");
}

/** A pinned image stays until the next deployment; another one is the engine's, under its name. */
function describeImage(
  { id, image }: { readonly id: string; readonly image?: UsedImage },
): (readonly [name: string, value: string | undefined])[] {
  if (!image) return [];
  const { name, pinned, newer, problem } = image;
  const digest = (reference: string) => reference.slice(reference.lastIndexOf("@") + 1).slice(0, 19);
  const todo = pinned === undefined
    ? `docker pull ${name}, then 'berth restart ${id}'`
    : "deploy it again to use it";
  return [
    ["Image", pinned === undefined ? name : `${name}, pinned to ${digest(pinned)}`],
    ["Newer image", newer && `${digest(newer)}; ${todo}`],
    ["Registry", problem && `asked for a newer image: ${problem}`],
  ];
}

/** The caller that deployed it. */
function describeRevision({ revision }: Pick<Bot, "revision">, now: number): string | undefined {
  if (!revision) return undefined;
  const { number, trigger, actor = "another program", at } = revision;
  return `${number}, ${trigger} by ${actor} ${ago(at, now)} ago`;
}

/** Why it was started, and from which revision if that is not the latest. */
function describeStart({ start, revision }: Pick<Bot, "start" | "revision">): string {
  if (!start) return "";
  const by = start.actor === undefined ? "" : ` by ${start.actor}`;
  const from = start.revision === revision?.number ? "" : `, from revision ${start.revision ?? "unknown"}`;
  return `: ${start.trigger}${by}${from}`;
}

const RUNS: ReadonlySet<string> = new Set(["running", "ready", "silent", "unhealthy"]);

/** A bot that hangs runs, and prints nothing: only this shows it. */
function describeLastOutput({ state, lastOutput, startedAt }: Bot, now: number): string | undefined {
  if (lastOutput === undefined) return RUNS.has(state) ? "none" : undefined;
  const isEarlier = startedAt !== undefined && Date.parse(lastOutput) < Date.parse(startedAt);
  return `${lastOutput} (${ago(lastOutput, now)} ago${isEarlier ? ", before this start" : ""})`;
}

function describeVersions(versions: Versions["versions"], now: number): string[] {
  return versions.map(({ version, build, size, storedAt, isCurrent }) => {
    const kilobytes = Math.max(1, Math.round(size / 1000));
    return `${version}+${build}  ${kilobytes} kB, ${ago(storedAt, now)} old${isCurrent ? ", deployed" : ""}`;
  });
}

function describeExit(
  { at, startedAt, attempt, reason, lastLines }: Bot["exits"][number],
  index: number,
): string[] {
  const ran = formatDuration(Math.max(0, Date.parse(at) - Date.parse(startedAt)));
  const head = `${at}  ${reason}, after ${ran}${attempt > 1 ? ` (start ${attempt} in a row)` : ""}`;
  return index < ENDS_WITH_LINES ? [head, ...lastLines.map((line) => `  | ${line}`)] : [head];
}

/** The time in the schedule's own zone, if that is another one. */
function atHome(utc: string, local: string): string {
  return local.slice(0, 19) === utc.slice(0, 19) ? "" : `  (${local})`;
}

function fields(all: readonly (readonly [name: string, value: string | undefined])[]): string[] {
  return all.filter(([, value]) => value).map(([name, value]) => `  ${name.padEnd(11)}  ${value}`);
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
}

function todo(advice: string | undefined): string[] {
  return advice === undefined ? [] : ["", `To do: ${advice}`];
}
