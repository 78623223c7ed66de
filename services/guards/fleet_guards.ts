/**
 * The guards over several bots: the rules of a file, and what they do to the bots that they select.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { isDeepStrictEqual } from "node:util";
import type { Metric } from "../../lib/logs/metric_series.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { Labels } from "../documents/labels.ts";
import type { Incidents } from "../notifications/incidents.ts";
import { describeTrip } from "./describe_trip.ts";
import type { GuardState } from "./evaluate_guard.ts";
import { FleetFile } from "./fleet_file.ts";
import { FLEET, FleetGuard, isSelected } from "./fleet_guard.ts";
import type { GuardMemory } from "./guard_memory.ts";
import type { Latch } from "./latch.ts";
import type { LatchBook } from "./latch_book.ts";
import type { FleetRule } from "./parse_fleet.ts";

/** What {@linkcode FleetGuards} need. */
export interface FleetGuardsOptions {
  /** Absolute path of the file. @default {there are no rules} */
  readonly path?: string | undefined;
  /** The latches. */
  readonly book: LatchBook;
  /** What is stored of guards. */
  readonly memory: GuardMemory;
  /** Takes what people should hear of. */
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
  /** What is compared with the limit; absent if nothing came yet. */
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

const KIND = "bot.guard_tripped";

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
   * Notes a bot that its document enables.
   *
   * @param bot Id of the bot.
   * @param labels Its labels.
   */
  see(bot: string, labels: Labels | undefined): void {
    for (const guard of this.#guards.values()) guard.see(bot, labels);
  }

  /**
   * Notes a bot whose document cannot be read: it counts as before.
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
   * Tells whether a guard looks at bots with these labels.
   *
   * @param bot Id of the bot.
   * @param labels Its labels.
   * @returns Takes the bot's metrics; `undefined` if no guard does.
   */
  takerOf(bot: string, labels: Labels | undefined): ((metric: Metric) => void) | undefined {
    const guards = [...this.#guards.values()].filter(({ rule }) => isSelected(rule.bots, labels));
    if (guards.length === 0) return undefined;
    return (metric) => {
      for (const guard of guards) guard.take(bot, metric);
    };
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
    if (!guard.startsWith(FLEET)) return;
    const open = this.#options.book.open();
    if (!open.some((latch) => latch.guard === guard)) this.#guards.get(guard.slice(FLEET.length))?.reset();
    if (!open.some((latch) => latch.guard.startsWith(FLEET))) {
      this.#options.incidents.close({ kind: KIND }, { text: "All of its bots are released." });
    }
  }

  /**
   * Tells of a latch of an earlier process, which may have ended before it told anybody. Does nothing if people know.
   *
   * @param latch The latch.
   */
  tellAgain({ guard, bots, text }: Latch): void {
    if (bots === undefined) return;
    this.#options.incidents.open({
      kind: KIND,
      severity: "critical",
      title: `the guard '${guard.slice(FLEET.length)}' of ${bots} tripped and stopped bots`,
      text: `${text}. ${todoOf(guard)}`,
    });
  }

  /** Ends the timers. */
  [Symbol.dispose](): void {
    for (const guard of this.#guards.values()) guard[Symbol.dispose]();
  }

  #make(rule: FleetRule): FleetGuard {
    const name = `${FLEET}${rule.name}`;
    return new FleetGuard({
      rule,
      memory: this.#options.memory,
      clock: this.#options.clock,
      isHolding: () =>
        this.#options.book.size > 0 && this.#options.book.open().some(({ guard }) => guard === name),
      onNews: (rule, state, isTripped) => void this.#hear(rule, state, isTripped),
    });
  }

  async #hear(rule: FleetRule, state: GuardState, isTripped: boolean): Promise<void> {
    const { clock, wake, incidents } = this.#options;
    const { name, bots, action, limit } = rule;
    const guard = `${FLEET}${name}`;
    if (!isTripped) {
      const others = [...this.#guards.values()].some((one) => one.isTripped) ||
        this.#options.book.open().some((latch) => latch.guard.startsWith(FLEET));
      if (action === "alert" && !others) {
        incidents.close({ kind: KIND }, { text: `The guard '${name}' is within its limit again.` });
      }
      return;
    }
    const text = `the sum of ${bots}: ${describeTrip(rule, "limit", state)}`;
    this.#log.error("guard of several bots tripped", { guard: name, bots, text, action });
    const at = new Date(clock.now()).toISOString();
    if (action === "alert") {
      const title = `the guard '${name}' of ${bots} tripped`;
      const alert = { kind: KIND, severity: "warning", title, text: `${text}.` } as const;
      // All guards over several bots share one incident.
      if (incidents.isOpen({ kind: KIND })) void incidents.tell({ ...alert, identity: `${guard} ${at}` });
      else incidents.open(alert);
      return;
    }
    const { value, peak } = state;
    const members = this.#guards.get(name)?.members ?? [];
    const latch = {
      guard,
      at,
      action,
      text,
      ...(value !== undefined && { value }),
      ...(peak !== undefined && { peak }),
      limit,
      bots,
      lastLines: [],
    };
    await Promise.all(
      members.map((bot) => this.#options.book.trip({ ...latch, bot }).then(() => wake(bot))),
    );
    incidents.close({ kind: KIND }, { isQuiet: true });
    incidents.open({
      kind: KIND,
      severity: "critical",
      title: `the guard '${name}' of ${bots} tripped and stopped ${members.length} bots`,
      text: `${text}. ${todoOf(guard)}\nBots: ${members.join(", ")}`,
    });
  }
}

function todoOf(guard: string): string {
  return `Release each of them with 'berth release ID --guard ${guard} --reason TEXT'.`;
}
