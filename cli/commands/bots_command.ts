/**
 * `berth bots`: lists every bot and schedule with its state.
 *
 * @module
 */

import { EngineUnavailableError } from "../../lib/errors.ts";
import { Limiter } from "../../lib/util/limiter.ts";
import type { ManagedContainer } from "../../lib/runner/runner.ts";
import { toOwner } from "../../services/ownership/store_owner.ts";
import { whoServes } from "../../services/who_serves.ts";
import { botRows } from "../output/bot_rows.ts";
import { botTable, scheduleTable } from "../output/bot_tables.ts";
import { type CliContext, EXIT } from "../context.ts";
import { describeServing } from "../describe_serving.ts";
import { type OpenDocuments, openDocuments } from "../open_documents.ts";
import { isFrozen, serviceHolders } from "../service_locks.ts";
import { type ScheduleRow, scheduleRow } from "../output/schedule_rows.ts";
import { printable } from "../output/terminal.ts";
import { noServiceHere } from "../no_service_here.ts";

/** Options of {@linkcode botsCommand}. */
export interface BotsOptions {
  /** Print one JSON array. */
  readonly json: boolean;
}

/** Number of ledgers read at once. */
const MAX_CONCURRENT_LEDGERS = 16;

/**
 * Lists the bots and the schedules.
 *
 * @param options How to print.
 * @param context The command's context.
 * @returns 1 if the engine does not answer; the documents are listed nevertheless.
 */
export async function botsCommand({ json }: BotsOptions, context: CliContext): Promise<number> {
  const { terminal } = context;
  await using documents = await openDocuments(context);
  const stored = await documents.bots.repository.list();
  const schedules = await listSchedules(documents);
  let containers: ManagedContainer[] = [];
  let hostId: string | undefined;
  let problem: string | undefined;
  try {
    ({ containers, hostId } = await listContainers(documents, context));
  } catch (error) {
    if (!(error instanceof EngineUnavailableError)) throw error;
    problem = error.message;
  }
  const bots = botRows(stored, containers);
  const isEmpty = bots.length + schedules.length === 0;
  if (json) terminal.out(JSON.stringify([...bots, ...schedules], null, 2));
  else if (isEmpty) terminal.note("There are no bots yet. Deploy one with 'berth deploy DIR'.");
  else {
    const now = Date.now();
    const above = botTable(bots, { isUnknown: problem !== undefined, now });
    const below = scheduleTable(schedules, now);
    const between = above.length > 0 && below.length > 0 ? [""] : [];
    for (const line of [...above, ...between, ...below]) terminal.out(line);
  }
  for (const { id, notes = [] } of json ? [] : [...bots, ...schedules]) {
    for (const note of notes) terminal.note(printable(`berth: ${id}: ${note}`));
  }
  if (problem !== undefined) {
    terminal.note(`berth: Berth cannot tell what the bots are doing: ${problem}`);
    return EXIT.failed;
  }
  if (!json && !isEmpty) await noteService(documents, hostId, context);
  return EXIT.ok;
}

async function listSchedules({ schedules, stores }: OpenDocuments): Promise<ScheduleRow[]> {
  if (!schedules) return [];
  const stored = (await schedules.repository.list()).sort((a, b) => (a.key < b.key ? -1 : 1));
  const limit = new Limiter(MAX_CONCURRENT_LEDGERS);
  return await Promise.all(stored.map((each) =>
    limit.run(async () => {
      const [last] = await stores.runs.list(each.key, { limit: 1 });
      return scheduleRow(each, last, Date.now());
    })
  ));
}

async function listContainers(
  { config, stores }: OpenDocuments,
  { createRunner, createStore, signal }: CliContext,
): Promise<{ readonly containers: ManagedContainer[]; readonly hostId: string }> {
  await using runner = await createRunner(config.runner, await createStore(config.runner));
  runner.setOwner(toOwner(await stores.identities.read({ signal })));
  const listed = await runner.listManagedContainers(config.segment, { signal });
  // The list lacks the containers' times, so inspect each. A container that has vanished since stays as
  // listed.
  const containers = await Promise.all(
    listed.map(async (container) =>
      await runner.getContainerStatus(container.containerId, { signal }) ?? container
    ),
  );
  return { containers, hostId: await runner.hostId({ signal }) };
}

/** Points out that no service runs, if that can be told from this machine. */
async function noteService(
  { config, stores }: OpenDocuments,
  hostId: string | undefined,
  { terminal, signal }: CliContext,
): Promise<void> {
  const { bots } = await serviceHolders(config);
  if (bots && isFrozen(bots, Date.now())) {
    terminal.note(`berth: The service (${bots.about}) is frozen; 'berth doctor' says more.`);
  }
  const server = await whoServes("bots", config, await stores.registry?.list({ signal }));
  if (server) {
    const { isHere, predicate, advice } = describeServing(server, hostId);
    if (isHere && advice === undefined) return;
    const standsBy = bots && !isHere ? ", and the service here stands by" : "";
    terminal.note(
      `berth: The bots ${predicate}${standsBy}.${advice === undefined ? "" : ` To do: ${advice}.`}`,
    );
  } else if (!config.mongoUri && !bots) terminal.note(noServiceHere(config.runner.instance));
}
