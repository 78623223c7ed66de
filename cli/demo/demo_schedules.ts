/**
 * The scheduled part of `berth demo`.
 *
 * @module
 */

import type { ComposedServices } from "../../services/compose.ts";
import type { BotFolder } from "../deploy/bot_folder.ts";
import type { ApiClient } from "../client/api_client.ts";
import { deployFolder } from "../deploy/deploy_folder.ts";
import { describeRun, ScheduleView, type ScheduleViewOptions } from "./schedule_view.ts";
import { allSettledOrThrow, doneOrAborted } from "../../lib/util/promises.ts";
import { printable } from "../output/terminal.ts";

/** Input of {@linkcode runSchedules}. */
export interface DemoSchedulesStage extends Pick<ScheduleViewOptions, "runner" | "terminal" | "print"> {
  /** The services. */
  readonly composed: ComposedServices;
  /** The client of the services. */
  readonly client: ApiClient;
  /** Ends the demo. */
  readonly end: AbortSignal;
  /** Longest time for a run to end, in ms. */
  readonly stopWithinMs: number;
}

/** Interval of polling an active run, in ms. */
const POLL_INTERVAL_MS = 50;

/**
 * Deploys the schedules, shows their runs until the end, removes them, and prints their records.
 *
 * @param folders The scheduled bots.
 * @param stage The services and the terminal.
 * @returns Whether no run has failed.
 */
export async function runSchedules(
  folders: readonly BotFolder[],
  stage: DemoSchedulesStage,
): Promise<boolean> {
  const { composed, client, terminal, end } = stage;
  const views = folders.map(({ name: id }) => new ScheduleView({ ...stage, id }));
  const unsubscribe = composed.schedules.state.subscribe((record) => {
    views.find(({ id }) => id === record.scheduleId)?.show(record);
  });
  const deployed: string[] = [];
  try {
    await allSettledOrThrow(folders.map(async (folder) => {
      const { id } = await deployFolder(client, folder, { signal: end });
      deployed.push(id);
      terminal.note(printable(`${id}: runs at ${folder.schedule} (UTC)`));
    }));
    await doneOrAborted(new Promise(() => {}), end);
  } catch (error) {
    if (!end.aborted) throw error;
  } finally {
    await allSettledOrThrow(deployed.map((id) => client.call("deleteSchedule", { params: { id } })));
    await untilEnded(stage);
    unsubscribe();
    await allSettledOrThrow(views.map((view) => view.end()));
  }
  for (const id of deployed) {
    const records = await composed.stores.runs.list(id);
    terminal.out(printable(`Runs of ${id}:${records.length === 0 ? " no slot came" : ""}`));
    for (const record of records.reverse()) terminal.out(printable(`  ${describeRun(record)}`));
  }
  return views.every(({ didWell }) => didWell);
}

/** Waits for active runs, which end by themselves. */
async function untilEnded({ composed, stopWithinMs }: DemoSchedulesStage): Promise<void> {
  const { state } = composed.schedules;
  const deadline = performance.now() + stopWithinMs;
  while (
    performance.now() < deadline && state.getAllSchedules().some(({ openRuns }) => openRuns.length > 0)
  ) {
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}
