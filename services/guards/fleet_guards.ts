/**
 * The guards over several bots: the rules of a file, and what they do to the bots that they select.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../lib/util/clock.ts";
import type { Run } from "../bots/run_watcher.ts";
import type { Labels } from "../documents/labels.ts";
import type { Incidents } from "../notifications/incidents.ts";
import { describeTrip, tripNumbers } from "./describe_trip.ts";
import { FleetFile } from "./fleet_file.ts";
import { FleetGuard, type FleetNews } from "./fleet_guard.ts";
import { FLEET, type FleetRule, isSelected } from "./fleet_rule.ts";
import { FleetRun } from "./fleet_run.ts";
import { fleetIncident, GUARD_KIND } from "./guard_incidents.ts";
import type { GuardMemory } from "./guard_memory.ts";
import type { Latch } from "./latch.ts";
import type { LatchBook } from "./latch_book.ts";
import { actionOf } from "./take_over.ts";

/** Dependencies of {@linkcode FleetGuards}. */
export interface FleetGuardsOptions {
  /** Absolute path of the file. @default {there are no rules} */
  readonly path?: string | undefined;
  /** The latches. */
  readonly book: LatchBook;
  /** The stored memory of guards. */
  readonly memory: GuardMemory;
  /** Takes what people should know. */
  readonly incidents: Incidents;
  /** Has a pass made over a bot. */
  readonly wake: (bot: string) => void;
  /** The clock. */
  readonly clock: Clock;
}

/** A guard over several bots, with what is known of it. */
export interface ShownFleetGuard {
  /** The rule. */
  readonly rule: FleetRule;
  /** The bots that it looks at. */
  readonly members: readonly string[];
  /** The value that is compared with the limit; absent if nothing came yet. */
  readonly value?: number;
}

/** The guards over several bots. */
export interface ShownFleet {
  /** Path of the file. */
  readonly file?: string;
  /** One line for each mistake in it. */
  readonly problems: readonly string[];
  /** The guards. */
  readonly guards: readonly ShownFleetGuard[];
}

/** Looks after the guards over several bots. */
export class FleetGuards implements Disposable {
  readonly #options: FleetGuardsOptions;
  readonly #file: FleetFile | undefined;
  readonly #guards = new Map<string, FleetGuard>();
  readonly #log = getLogger(["berth", "guards"]);

  /** @param options See {@linkcode FleetGuardsOptions}. */
  constructor(options: FleetGuardsOptions) {
    this.#options = options;
    this.#file = options.path === undefined ? undefined : new FleetFile(options.path);
  }

  /**
   * Reads the file. A guard whose rule stays goes on, and one whose rule changes begins anew.
   *
   * @returns Whether it says something else than before.
   */
  async read(): Promise<boolean> {
    if (!this.#file || !await this.#file.read()) return false;
    const { rules } = this.#file.known;
    const before = new Map(this.#guards);
    this.#guards.clear();
    for (const rule of rules) {
      const known = before.get(rule.name);
      const isSame = known && isDeepStrictEqual(known.rule, rule);
      this.#guards.set(rule.name, isSame ? known : this.#make(rule));
      if (isSame) before.delete(rule.name);
    }
    for (const guard of before.values()) guard[Symbol.dispose]();
    this.#forgetAlerts();
    return true;
  }

  /** Shows the guards over several bots. */
  show(): ShownFleet {
    return {
      ...(this.#file && { file: this.#file.path }),
      problems: this.#file?.known.problems ?? [],
      guards: [...this.#guards.values()].map(({ rule, members, value }) => ({
        rule,
        members,
        ...(value !== undefined && { value }),
      })),
    };
  }

  /**
   * Records a bot that its document enables.
   *
   * @param bot Id of the bot.
   * @param labels Its labels.
   */
  see(bot: string, labels: Labels | undefined): void {
    for (const guard of this.#guards.values()) guard.see(bot, labels);
  }

  /**
   * Records a bot whose document cannot be read: it counts as before.
   *
   * @param bot Id of the bot.
   */
  seeBroken(bot: string): void {
    for (const guard of this.#guards.values()) guard.seeBroken(bot);
  }

  /**
   * Forgets the numbers of a bot that is disabled or removed. Latches stay.
   *
   * @param bot Id of the bot.
   */
  leave(bot: string): void {
    for (const guard of this.#guards.values()) guard.leave(bot);
  }

  /**
   * Begins to look at a run.
   *
   * @param run The run.
   * @returns An object that takes its lines; `undefined` if no guard looks at its bot.
   */
  watch(run: Run): FleetRun | undefined {
    const { labels } = run.settings;
    const guards = [...this.#guards.values()].filter(({ rule }) => isSelected(rule.bots, labels));
    return guards.length === 0 ? undefined : new FleetRun(run, guards, this.#options.clock);
  }

  /**
   * Holds a bot that came to the selected ones later, or that a kill of Berth left out, as the others are held.
   *
   * @param bot Id of the bot.
   * @param labels Its labels.
   */
  holdAlike(bot: string, labels: Labels | undefined): void {
    for (const { isSettled: _settled, isStored: _stored, ...latch } of this.#options.book.open()) {
      const { guard, bots, at } = latch;
      if (bots === undefined || !isSelected(bots, labels) || this.#options.book.get({ bot, guard })) continue;
      if (this.#options.book.lastRelease({ bot, guard })?.latch.at === at) continue;
      void this.#options.book.trip({ ...latch, bot, lastLines: [] }).then(() => this.#options.wake(bot));
    }
  }

  /**
   * Has a guard begin anew when none of its bots is held any more.
   *
   * @param guard Name of the latch that was released.
   */
  released(guard: string): void {
    if (!guard.startsWith(FLEET) || this.#isHolding(guard)) return;
    this.#guards.get(guard.slice(FLEET.length))?.reset();
    this.#options.incidents.close({ kind: GUARD_KIND, guard }, { text: "All of its bots are released." });
  }

  /**
   * Notifies people of a latch of an earlier process, which may have ended before it did. Does nothing if they know.
   *
   * @param latch The latch.
   */
  notifyAgain({ guard, bots, text, action }: Latch): void {
    if (bots !== undefined) this.#options.incidents.open(fleetIncident(guard, { bots, text, action }));
  }

  /** Ends the timers. */
  [Symbol.dispose](): void {
    for (const guard of this.#guards.values()) guard[Symbol.dispose]();
  }

  #make(rule: FleetRule): FleetGuard {
    return new FleetGuard({
      rule,
      memory: this.#options.memory,
      clock: this.#options.clock,
      isHolding: () => this.#isHolding(`${FLEET}${rule.name}`),
      onNews: (news) => void this.#onNews(news),
    });
  }

  #isHolding(guard: string): boolean {
    const { book } = this.#options;
    return book.size > 0 && book.open().some((latch) => latch.guard === guard);
  }

  /** The alert of a rule that somebody has removed is over. */
  #forgetAlerts(): void {
    const { incidents } = this.#options;
    for (const key of incidents.keys()) {
      const { kind, bot, guard } = key;
      if (kind !== GUARD_KIND || bot !== undefined || !guard?.startsWith(FLEET)) continue;
      if (this.#guards.has(guard.slice(FLEET.length)) || this.#isHolding(guard)) continue;
      incidents.close(key, { isQuiet: true });
    }
  }

  async #onNews({ rule, state, tripped, missing }: FleetNews): Promise<void> {
    const { clock, wake, incidents, book } = this.#options;
    const { name, bots } = rule;
    const guard = `${FLEET}${name}`;
    const key = { kind: GUARD_KIND, guard } as const;
    if (tripped === undefined) {
      return incidents.close(key, { text: `The guard '${name}' is within its limit again.` });
    }
    const from = tripped === "missing" ? ` from ${missing.join(", ")}` : "";
    const text = `the sum of ${bots}: ${describeTrip(rule, tripped, state)}${from}`;
    const action = actionOf(rule, tripped);
    this.#log.error("guard of several bots tripped", { guard: name, bots, text, action });
    if (action === "alert") return incidents.open(fleetIncident(guard, { bots, text, action }));
    const members = this.#guards.get(name)?.members ?? [];
    const latch = {
      guard,
      at: new Date(clock.now()).toISOString(),
      action,
      text,
      ...tripNumbers(rule, tripped, state),
      bots,
      lastLines: [],
    };
    await Promise.all(members.map((bot) => book.trip({ ...latch, bot }).then(() => wake(bot))));
    // An alert of this guard that is open must not hide the stop.
    incidents.close(key, { isQuiet: true });
    incidents.open(fleetIncident(guard, { bots, text, action, members }));
  }
}
