/**
 * One run of a bot that guards over several bots look at.
 *
 * @module
 */

import type { LiveLine } from "../../lib/logs/live_line.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { Run, RunWatch } from "../bots/run_watcher.ts";
import type { FleetGuard } from "./fleet_guard.ts";
import { LineTimes } from "./line_times.ts";
import { Sight } from "./sight.ts";

/** Gives what a bot prints to the guards. */
export class FleetRun implements RunWatch {
  readonly #run: Pick<Run, "id" | "syncLines">;
  readonly #guards: readonly FleetGuard[];
  readonly #clock: Clock;
  readonly #times: LineTimes;
  /** Whether its lines can be seen. */
  readonly sight: Sight;

  /** @param run The run. @param guards Whoever looks at its bot. @param clock The clock. */
  constructor(run: Pick<Run, "id" | "syncLines">, guards: readonly FleetGuard[], clock: Clock) {
    this.#run = run;
    this.#guards = guards;
    this.#clock = clock;
    this.#times = new LineTimes(clock);
    this.sight = new Sight(clock.monotonic());
    for (const guard of guards) guard.runBegins(run.id, this);
  }

  /** Resolves once every line that the engine has now was given to the guards. */
  syncLines(): Promise<void> {
    return this.#run.syncLines();
  }

  /** {@inheritDoc RunWatch.onLine} */
  onLine({ metric, time }: LiveLine): void {
    const at = this.#times.timeOf(time, this.sight.isConnected);
    if (metric) { for (const guard of this.#guards) guard.take(this.#run.id, metric, at); }
  }

  /** {@inheritDoc RunWatch.onConnection} */
  onConnection(isConnected: boolean): void {
    this.#note({ isConnected });
  }

  /** {@inheritDoc RunWatch.onPause} */
  onPause(isPaused: boolean): void {
    this.#note({ isPaused });
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    for (const guard of this.#guards) guard.runEnds(this.#run.id, this);
  }

  #note(change: Parameters<Sight["note"]>[0]): void {
    const blindMs = this.sight.note(change, this.#clock.monotonic());
    for (const guard of this.#guards) guard.sightChanged(this.#run.id, blindMs);
  }
}
