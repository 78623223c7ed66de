/**
 * The watchdog: looks after bots whose documents have `health`.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { CommandOutcome } from "../../lib/engine/container_orchestrator.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { Limiter } from "../../lib/util/limiter.ts";
import type { RunHealth, Trouble } from "../bots/run_health.ts";
import type { Run, RunWatch, RunWatcher } from "../bots/run_watcher.ts";
import type { HealthSettings } from "../documents/health_settings.ts";
import type { Incidents } from "../notifications/incidents.ts";
import type { ReadyBots } from "./ready_bots.ts";
import { HealthWatch } from "./health_watch.ts";

/** Dependencies of {@linkcode Watchdog}. */
export interface WatchdogOptions {
  /** The containers. */
  readonly runner: Pick<Runner, "getContainerStatus" | "runCommand">;
  /** Returns what is known about a bot's container. */
  readonly healthOf: (id: string) => RunHealth | undefined;
  /** Takes what is known about a bot's container; `undefined` if it is no longer watched. */
  readonly onHealth: (id: string, health: RunHealth | undefined) => void;
  /** Keeps which containers are ready. */
  readonly ready: Pick<ReadyBots, "has" | "add">;
  /** Notifies people. */
  readonly incidents: Incidents;
  /** The clock. */
  readonly clock: Clock;
  /** Gives a number from 0 up to 1. @default Math.random */
  readonly random?: () => number;
}

/** How many commands run at the same time: each costs the engine about 50 ms of a core. */
const MAX_COMMANDS = 4;
/** A command that takes its time costs the engine nothing after this long, in ms. */
const COSTLY_MS = 1000;
const KINDS = { silent: "bot.silent", unhealthy: "bot.unhealthy" } as const;
const TITLES = { silent: "it gives no sign of life", unhealthy: "its health command fails" } as const;

/** Makes the watches, and reports what they find. */
export class Watchdog implements RunWatcher {
  readonly #options: WatchdogOptions;
  readonly #limiter = new Limiter(MAX_COMMANDS);
  readonly #log = getLogger(["berth", "health"]);

  /** @param options See {@linkcode WatchdogOptions}. */
  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** {@inheritDoc RunWatcher.watch} */
  watch(run: Run): RunWatch | undefined {
    const { settings: { health: settings }, id, container: { containerId } } = run;
    const { runner, healthOf, onHealth, clock, incidents, ready, random = Math.random } = this.#options;
    const known = healthOf(id);
    if (!settings) {
      if (known) onHealth(id, undefined);
      return undefined;
    }
    // A problem under the old settings is judged again.
    if (known?.trouble) {
      const { trouble: _before, ...rest } = known;
      onHealth(id, rest);
    }
    let last: Trouble | undefined;
    const isReady = known?.containerId === containerId && known.isReady;
    const watch = new HealthWatch({
      run,
      settings,
      isReady,
      runner,
      runCommand: (signal) => this.#runCommand(run, settings, signal),
      onChange: (health) => {
        if (health.trouble !== last) this.#report(id, health.trouble, settings);
        last = health.trouble;
        onHealth(id, health);
      },
      onSound: (type) => incidents.close({ kind: KINDS[type], bot: id }),
      onReady: () => void ready.add(id, containerId),
      clock,
      random,
    });
    if (!run.isNew && !isReady) {
      void ready.has(id, containerId).then((wasReady) => wasReady && watch.setReady());
    }
    return watch;
  }

  #report(id: string, trouble: Trouble | undefined, { action }: HealthSettings): void {
    if (!trouble) return this.#log.info("bot recovered", { id });
    const { type, message } = trouble;
    this.#log.warn("bot is not well", { id, problem: message, action });
    this.#options.incidents.open({
      kind: KINDS[type],
      bot: id,
      severity: action === "restart" ? "warning" : "critical",
      title: TITLES[type],
      text: `It ${type === "silent" ? "has been" : "is"} ${message}.${
        action === "restart" ? " It is restarted." : ""
      }`,
    });
  }

  #runCommand(
    { container }: Run,
    { command, timeoutSeconds }: HealthSettings,
    signal: AbortSignal,
  ): Promise<CommandOutcome> {
    const { runner } = this.#options;
    const options = { timeoutMs: timeoutSeconds * 1000, signal };
    return this.#limiter.run(() => runner.runCommand(container, command ?? [], options), signal, COSTLY_MS);
  }
}
