/**
 * `berth bots`: every bot, and what it is doing.
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
import { formatTable } from "./table.ts";
import { printable } from "./terminal.ts";

/** Options of {@linkcode botsCommand}. */
export interface BotsOptions {
  /** Print one JSON array. */
  readonly json: boolean;
}

/**
 * Lists the bots.
 *
 * @param options See {@linkcode BotsOptions}.
 * @param context See {@linkcode CliContext}.
 * @returns 1 when the engine does not answer: the documents are listed nevertheless.
 */
export async function botsCommand({ json }: BotsOptions, context: CliContext): Promise<number> {
  const { terminal } = context;
  await using documents = await openDocuments(context);
  const stored = await documents.repository.list();
  let containers: ManagedContainer[] = [];
  let problem: string | undefined;
  try {
    containers = await listContainers(documents, context);
  } catch (error) {
    if (!(error instanceof EngineUnavailableError)) throw error;
    problem = error.message;
  }
  const rows = botRows(stored, containers);
  if (json) terminal.out(JSON.stringify(rows, null, 2));
  else if (rows.length === 0) terminal.note("There are no bots yet: 'berth deploy DIR' brings one.");
  else for (const line of formatTable(toTable(rows, problem !== undefined))) terminal.out(line);
  if (problem !== undefined) {
    terminal.note(`berth: What the bots are doing is not known: ${problem}`);
    return EXIT.failed;
  }
  if (!json && rows.length > 0) await noteService(documents, context);
  return EXIT.ok;
}

async function listContainers(
  { config, store }: OpenDocuments,
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

function toTable(rows: readonly BotRow[], isUnknown: boolean): string[][] {
  const cells = rows.map((row) => [
    row.id,
    row.version ?? "-",
    row.runtime ?? "-",
    row.enabled === null ? "-" : row.enabled ? "yes" : "no",
    String(row.attempt ?? "-"),
    row.since ? formatDuration(Math.max(0, Date.now() - row.since.getTime())) : "-",
    isUnknown && row.problem === undefined ? "not known" : describeBot(row),
  ]);
  return [
    ["BOT", "VERSION", "RUNTIME", "ENABLED", "STARTS", "SINCE", "STATE"],
    ...cells.map((line) => line.map(printable)),
  ];
}

/** Nobody starts or stops anything while no service runs; where it is elsewhere, that cannot be told. */
async function noteService({ config }: OpenDocuments, { terminal }: CliContext): Promise<void> {
  const { tempDir, instance } = config.runner;
  if (config.mongoUri || await InstanceLock.holder(tempDir, instance) !== undefined) return;
  terminal.note(`No service runs here as instance '${instance}': 'berth start' starts it.`);
}
