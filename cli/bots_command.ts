/**
 * `berth bots`: every bot and schedule, and what it is doing.
 *
 * @module
 */

import { EngineUnavailableError } from "../lib/errors.ts";
import { InstanceLock } from "../lib/instance_lock.ts";
import type { ManagedContainer } from "../lib/runner.ts";
import { type BotRow, botRows, describeBot } from "./bot_rows.ts";
import { type CliContext, EXIT } from "./context.ts";
import { formatDuration } from "./duration.ts";
import { type OpenDocuments, openDocuments } from "./open_documents.ts";
import { describeLast, describeNext, type ScheduleRow, scheduleRow } from "./schedule_rows.ts";
import { formatTable } from "./table.ts";
import { printable } from "./terminal.ts";

/** Options of {@linkcode botsCommand}. */
export interface BotsOptions {
  /** Print one JSON array. */
  readonly json: boolean;
}

/** A cell of a table that others stand behind is shown up to so many characters. */
const MAX_CELL = 60;
/** So many ledgers are read at the same time. */
const LEDGERS_AT_ONCE = 16;

/**
 * Lists the bots and the schedules.
 *
 * @param options See {@linkcode BotsOptions}.
 * @param context See {@linkcode CliContext}.
 * @returns 1 when the engine does not answer: the documents are listed nevertheless.
 */
export async function botsCommand({ json }: BotsOptions, context: CliContext): Promise<number> {
  const { terminal } = context;
  await using documents = await openDocuments(context);
  const stored = await documents.bots.repository.list();
  const schedules = await listSchedules(documents);
  let containers: ManagedContainer[] = [];
  let problem: string | undefined;
  try {
    containers = await listContainers(documents, context);
  } catch (error) {
    if (!(error instanceof EngineUnavailableError)) throw error;
    problem = error.message;
  }
  const bots = botRows(stored, containers);
  const isEmpty = bots.length + schedules.length === 0;
  const tables = [
    ...(bots.length > 0 ? [formatTable(botTable(bots, problem !== undefined))] : []),
    ...(schedules.length > 0 ? [formatTable(scheduleTable(schedules))] : []),
  ];
  if (json) terminal.out(JSON.stringify([...bots, ...schedules], null, 2));
  else if (isEmpty) terminal.note("There are no bots yet: 'berth deploy DIR' brings one.");
  else {
    const lines = tables.map((table) => table.join("\n")).join("\n\n").split("\n");
    for (const line of lines) terminal.out(line);
  }
  if (problem !== undefined) {
    terminal.note(`berth: What the bots are doing is not known: ${problem}`);
    return EXIT.failed;
  }
  if (!json && !isEmpty) await noteService(documents, context);
  return EXIT.ok;
}

async function listSchedules({ schedules }: OpenDocuments): Promise<ScheduleRow[]> {
  if (!schedules) return [];
  const stored = (await schedules.repository.list()).sort((a, b) => (a.key < b.key ? -1 : 1));
  const rows: ScheduleRow[] = [];
  for (let at = 0; at < stored.length; at += LEDGERS_AT_ONCE) {
    rows.push(
      ...await Promise.all(
        stored.slice(at, at + LEDGERS_AT_ONCE).map(async (each) => {
          const [last] = await schedules.runs.list(each.key, { limit: 1 });
          return scheduleRow(each, last, Date.now());
        }),
      ),
    );
  }
  return rows;
}

async function listContainers(
  { config, bots: { store } }: OpenDocuments,
  { createRunner, signal }: CliContext,
): Promise<ManagedContainer[]> {
  await using runner = createRunner(config.runner, store);
  const containers = await runner.listManagedContainers(config.segment, { signal });
  // Only one at a time tells its times; one that went meanwhile is shown as it was.
  return await Promise.all(
    containers.map(async (container) =>
      await runner.getContainerStatus(container.containerId, { signal }) ?? container
    ),
  );
}

function botTable(rows: readonly BotRow[], isUnknown: boolean): string[][] {
  const cells = rows.map((row) => [
    row.id,
    row.version ?? "-",
    row.runtime ?? "-",
    row.enabled === null ? "-" : yesOrNo(row.enabled),
    String(row.attempt ?? "-"),
    row.since ? formatDuration(Math.max(0, Date.now() - row.since.getTime())) : "-",
    isUnknown && row.problem === undefined ? "not known" : describeBot(row),
  ]);
  return [
    ["BOT", "VERSION", "RUNTIME", "ENABLED", "STARTS", "SINCE", "STATE"],
    ...cells.map((line) => line.map(printable)),
  ];
}

function scheduleTable(rows: readonly ScheduleRow[]): string[][] {
  const now = Date.now();
  const cells = rows.map((row) => [
    row.id,
    row.version ?? "-",
    row.runtime ?? "-",
    yesOrNo(row.enabled),
    clip(row.schedule ?? "-"),
    describeNext(row, now),
    describeLast(row, now),
  ]);
  return [
    ["SCHEDULE", "VERSION", "RUNTIME", "ENABLED", "RUNS AT", "NEXT", "LAST"],
    ...cells.map((line) => line.map(printable)),
  ];
}

/** An expression can be as long as its author likes. */
function clip(text: string): string {
  return text.length > MAX_CELL ? `${text.slice(0, MAX_CELL)}…` : text;
}

function yesOrNo(is: boolean): string {
  return is ? "yes" : "no";
}

/** Nobody starts or stops anything while no service runs; where it is elsewhere, that cannot be told. */
async function noteService({ config }: OpenDocuments, { terminal }: CliContext): Promise<void> {
  const { tempDir, instance } = config.runner;
  if (config.mongoUri || await InstanceLock.holder(tempDir, instance) !== undefined) return;
  terminal.note(`No service runs here as instance '${instance}': 'berth start' starts it.`);
}
