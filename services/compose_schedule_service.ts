/**
 * Puts the schedule service together, beside the bot service of the same process.
 *
 * @module
 */

import type { Runner } from "../lib/runner/runner.ts";
import type { BotEvents } from "./events/bot_events.ts";
import type { ChangeSource } from "./events/change_source.ts";
import { SCHEDULE_SUBJECTS } from "./events/event_subjects.ts";
import { InProcessBotEvents } from "./events/in_process_bot_events.ts";
import { PolledBotEvents } from "./events/polled_bot_events.ts";
import type { ScheduleStores } from "./open_bot_repository.ts";
import type { RunRepository } from "./schedules/run_repository.ts";
import type { ScheduleRepository } from "./schedules/schedule_repository.ts";
import { ScheduleService } from "./schedules/schedule_service.ts";
import type { ServiceConfig } from "./config.ts";

/** The schedule service with everything that is its own. */
export interface ComposedScheduleService extends AsyncDisposable {
  /** The service. */
  readonly service: ScheduleService;
  /** The documents. */
  readonly repository: ScheduleRepository;
  /** The ledger. */
  readonly runs: RunRepository;
  /** What tells this service of changed documents from within its own process; absent where a bus does. */
  readonly inProcess?: Pick<InProcessBotEvents, "publish">;
}

/** What the service shares with others. */
export interface SharedParts extends ScheduleStores {
  /** What other processes have written to the same database; absent where that cannot be told. */
  readonly changes?: ChangeSource;
  /** The containers. */
  readonly runner: Runner;
  /** Removes what a killed predecessor left on the engine, once for all services. */
  readonly removeOrphans: (signal: AbortSignal) => Promise<unknown>;
}

/**
 * Puts the service together: events from NATS where that is configured, else from within the process.
 *
 * @param config The configuration.
 * @param shared See {@linkcode SharedParts}. They stay their owner's to close.
 * @returns The parts. Dispose them when the service has ended.
 */
export async function composeScheduleService(
  config: ServiceConfig,
  shared: SharedParts,
): Promise<ComposedScheduleService> {
  const { schedules: repository, runs, changes, runner, removeOrphans } = shared;
  const local = () => changes ? new PolledBotEvents(withoutDeletions(changes)) : new InProcessBotEvents();
  const inProcess = config.natsUrl ? undefined : local();
  const events = inProcess ?? await openNatsEvents(config);
  const { instance } = config.runner;
  const service = new ScheduleService({
    ...config,
    repository,
    runs,
    events,
    runner,
    instance,
    removeOrphans,
  });
  return {
    service,
    repository,
    runs,
    ...(inProcess && { inProcess }),
    [Symbol.asyncDispose]: () => events[Symbol.asyncDispose](),
  };
}

/** Those that are told are the bots'. A schedule that is gone is gone, whether that was meant or not. */
function withoutDeletions(changes: ChangeSource): ChangeSource {
  return { look: () => changes.look() && [] };
}

async function openNatsEvents({ natsUrl, runner }: ServiceConfig): Promise<BotEvents> {
  const { connectNats } = await import("./nats/connect_nats.ts");
  const { durableNameOf, NatsBotEvents } = await import("./nats/nats_bot_events.ts");
  return new NatsBotEvents(connectNats(natsUrl!.reveal()), {
    durableName: durableNameOf(runner.instance, "schedules"),
    subjectPrefix: SCHEDULE_SUBJECTS,
  });
}
