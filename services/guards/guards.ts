/**
 * Guards: rules on what bots print that alert somebody, or stop a bot until a person releases it.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../lib/util/clock.ts";
import { tick } from "../control/tick.ts";
import type { Labels } from "../documents/labels.ts";
import type { ServiceState } from "../bots/service_state.ts";
import type { GateAnswer, GatedBot, RunGate } from "../bots/run_gate.ts";
import type { Run, RunWatch, RunWatcher } from "../bots/run_watcher.ts";
import type { BotSettings } from "../documents/bot_settings.ts";
import type { GuardRule } from "../documents/guard_settings.ts";
import type { Incidents } from "../notifications/incidents.ts";
import type { RecordStore } from "../records/record_store.ts";
import { BotGuards, type GuardNews } from "./bot_guards.ts";
import { describeTrip } from "./describe_trip.ts";
import type { GuardState } from "./evaluate_guard.ts";
import { FleetFile } from "./fleet_file.ts";
import { FLEET, FleetGuard, isSelected } from "./fleet_guard.ts";
import type { FleetRule } from "./parse_fleet.ts";
import { GuardMemory, type GuardRemembers } from "./guard_memory.ts";
import type { KeptLatch, Latch, LatchKey, Release } from "./latch.ts";
import { LatchBook, type OpenLatch } from "./latch_book.ts";

/** What {@linkcode Guards} need. */
export interface GuardsOptions {
  /** The database. */
  readonly records: RecordStore;
  /** Takes what people should hear of. */
  readonly incidents: Incidents;
  /** Has a pass made over a bot. */
  readonly wake: (bot: string) => void;
  /** The clock. */
  readonly clock: Clock;
  /** Absolute path of the file of guards over several bots. @default {there are none} */
  readonly fleetFile?: string;
  /** Called when that file says something else, so that other runs have to be watched. */
  readonly onRules?: () => void;
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

/** A guard with what is known of it. */
export interface ShownGuard {
  /** The rule. */
  readonly rule: GuardRule;
  /** What is compared with the limit; absent if nothing came yet. */
  readonly value?: number;
  /** When the last number came: RFC 3339. */
  readonly valueAt?: string;
  /** The peak of a drawdown. */
  readonly peak?: number;
  /** What the bot has printed instead of a number, last. */
  readonly oddity?: string;
  /** `waiting`: no number has come yet. `beyond`: its value is beyond the limit, but not for long enough. */
  readonly state: "ok" | "waiting" | "beyond" | "tripped";
}

/** The guards of a bot. */
export interface ShownGuards {
  /** Those of its document. */
  readonly guards: readonly ShownGuard[];
  /** What is open, also of guards that its document does not have any more. */
  readonly latches: readonly OpenLatch[];
  /** The last release of each of its guards. */
  readonly released: readonly Required<KeptLatch>[];
}

const KIND = "bot.guard_tripped";
/** How often the file of guards over several bots is looked at, in ms. */
const LOOK_MS = 5_000;

/** Looks after the bots that have guards. Others cost nothing. */
export class Guards implements RunGate, RunWatcher, AsyncDisposable {
  readonly #options: GuardsOptions;
  readonly #book: LatchBook;
  readonly #memory: GuardMemory;
  readonly #bots = new Map<string, BotGuards>();
  readonly #file: FleetFile | undefined;
  readonly #fleet = new Map<string, FleetGuard>();
  readonly #log = getLogger(["berth", "guards"]);

  /** @param options See {@linkcode GuardsOptions}. */
  constructor(options: GuardsOptions) {
    this.#options = options;
    this.#book = new LatchBook(options);
    this.#memory = new GuardMemory(options.records, options.clock);
    this.#file = options.fleetFile === undefined ? undefined : new FleetFile(options.fleetFile);
  }

  /** {@inheritDoc RunGate.open} */
  async open(signal: AbortSignal): Promise<void> {
    await this.#book.load(signal);
    await this.#memory.load(signal);
    await this.#readFile();
  }

  /**
   * Looks at the file of guards over several bots until the signal is aborted.
   *
   * @param signal Ends it.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, onRules } = this.#options;
    await tick("guards file", LOOK_MS, { signal, clock }, async () => {
      if (this.isOpen && await this.#readFile()) onRules?.();
    });
  }

  /** Shows the guards over several bots. */
  fleet(): ShownFleet {
    return {
      ...(this.#file && { file: this.#file.path }),
      problems: this.#file?.known.problems ?? [],
      guards: [...this.#fleet.values()].map(({ rule, members, value }) => ({
        rule,
        members,
        ...(value !== undefined && { value }),
      })),
    };
  }

  /** {@inheritDoc RunGate.ask} */
  ask({ id, settings }: GatedBot): GateAnswer {
    for (const guard of settings ? this.#fleet.values() : []) guard.see(id, settings?.labels);
    if (this.#book.size === 0) return {};
    this.#holdAlike(id, settings?.labels);
    const holding = this.#book.open(id).filter(({ action }) => action === "stop");
    const [latch] = holding;
    if (!latch) return {};
    const { guard, text } = latch;
    const reason = holding.map((one) => `guard '${one.guard}' tripped at ${one.at}: ${one.text}`).join("; ");
    const stop = {
      why: "guard tripped",
      cause: `as guard '${guard}' tripped: ${text}`,
      told: toldOf(latch),
    } as const;
    const isSettled = holding.some((one) => one.isSettled);
    return { refusal: { condition: { type: "latched", reason }, ...(isSettled && { stop }) } };
  }

  /**
   * Gives what an earlier process knew of a bot whose document is broken now: its container runs on, with its guards.
   *
   * @param bot Id of the bot.
   */
  lastSettings(bot: string): BotSettings | undefined {
    const guards = this.#memory.of(bot)?.guards.map(({ rule }) => rule) ?? [];
    return guards.length > 0 ? { guards } : undefined;
  }

  /** {@inheritDoc RunWatcher.watch} */
  watch(run: Run): RunWatch | undefined {
    const { id, settings: { guards, labels } } = run;
    const fleet = [...this.#fleet.values()].filter(({ rule }) => isSelected(rule.bots, labels));
    const own = guards && this.#watchOwn(run, guards);
    if (!own) this.#forget(id);
    if (fleet.length === 0) return own;
    return {
      ...(own ?? { [Symbol.dispose]() {} }),
      onLine(line) {
        own?.onLine?.(line);
        const { metric } = line;
        if (metric) { for (const guard of fleet) guard.take(id, metric); }
      },
    };
  }

  #watchOwn(run: Run, guards: readonly GuardRule[]): RunWatch {
    const { id } = run;
    const { clock } = this.#options;
    const bot = this.#bots.get(id) ??
      new BotGuards({ bot: id, memory: this.#memory, clock, onNews: (news) => void this.#hear(news) });
    this.#bots.set(id, bot);
    return bot.watch(run, guards);
  }

  /**
   * Forgets peaks of bots that are disabled or removed. Latches stay.
   *
   * @param state The status of the bots.
   * @returns Ends that.
   */
  follow(state: Pick<ServiceState, "subscribe">): () => void {
    return state.subscribe((id, bot) => {
      if (bot && bot.condition.type !== "disabled") return;
      this.#forget(id);
      for (const guard of this.#fleet.values()) guard.leave(id);
    });
  }

  /**
   * Shows the guards of a bot.
   *
   * @param bot Id of the bot.
   * @param rules The guards of its document.
   */
  show(bot: string, rules: readonly GuardRule[] = []): ShownGuards {
    const latches = this.#book.open(bot);
    const known = new Map(this.#memory.of(bot)?.guards.map((guard) => [guard.rule.name, guard]));
    const guards = rules.map((rule) => {
      const isOpen = latches.some(({ guard }) => guard === rule.name);
      return toShown(rule, this.#bots.get(bot), known.get(rule.name), isOpen);
    });
    const released = rules.flatMap(({ name }) => this.#book.lastRelease({ bot, guard: name }) ?? []);
    return { guards, latches, released };
  }

  /** Gives the open latches of all bots. */
  latches(): readonly OpenLatch[] {
    return this.#book.open();
  }

  /** Whether this process knows the latches, and so serves the bots. */
  get isOpen(): boolean {
    return this.#book.isLoaded;
  }

  /**
   * Releases a latch. The guard, with its peak, begins anew.
   *
   * @param key Which.
   * @param release Who does it and why.
   * @param signal Gives up.
   * @returns What was released; `undefined` if it is not open.
   * @throws {StoreUnavailableError} If the database does not answer. The bot stays held then.
   */
  async release(
    key: LatchKey,
    release: Omit<Release, "at">,
    signal: AbortSignal,
  ): Promise<Latch | undefined> {
    const { clock, wake, incidents } = this.#options;
    const at = new Date(clock.now()).toISOString();
    const latch = await this.#book.release(key, { ...release, at }, signal);
    if (!latch) return undefined;
    const { bot, guard } = key;
    this.#log.info("guard released", { id: bot, guard, by: release.by, reason: release.reason });
    this.#releaseFleet(guard);
    const guards = this.#bots.get(bot);
    if (guards) guards.reset(guard);
    else this.#memory.forgetGuard(bot, guard);
    if (this.#book.open(bot).length === 0) {
      incidents.close({ kind: KIND, bot }, {
        text: `${release.by} released guard '${guard}': ${release.reason}`,
      });
    }
    wake(bot);
    return latch;
  }

  /** Stores what is not stored yet. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const guard of this.#fleet.values()) guard[Symbol.dispose]();
    await this.#memory[Symbol.asyncDispose]();
    await this.#book[Symbol.asyncDispose]();
  }

  #forget(bot: string): void {
    this.#bots.delete(bot);
    this.#memory.forget(bot);
  }

  /** A guard whose rule stays goes on, and one whose rule changes begins anew. */
  async #readFile(): Promise<boolean> {
    if (!this.#file || !await this.#file.read()) return false;
    const { rules } = this.#file.known;
    const before = new Map(this.#fleet);
    this.#fleet.clear();
    for (const rule of rules) {
      const known = before.get(rule.name);
      const isSame = known && isDeepStrictEqual(known.rule, rule);
      this.#fleet.set(rule.name, isSame ? known : this.#makeFleetGuard(rule));
      if (isSame) before.delete(rule.name);
    }
    for (const guard of before.values()) guard[Symbol.dispose]();
    return true;
  }

  #makeFleetGuard(rule: FleetRule): FleetGuard {
    const name = `${FLEET}${rule.name}`;
    return new FleetGuard({
      rule,
      memory: this.#memory,
      clock: this.#options.clock,
      isHolding: () => this.#book.size > 0 && this.#book.open().some(({ guard }) => guard === name),
      onNews: (rule, state, isTripped) => void this.#hearFleet(rule, state, isTripped),
    });
  }

  /** A guard over several bots also holds those that come later, and those that a kill of Berth left out. */
  #holdAlike(bot: string, labels: Labels | undefined): void {
    for (const { isSettled: _settled, isStored: _stored, ...latch } of this.#book.open()) {
      const { guard, bots, at } = latch;
      if (bots === undefined || !isSelected(bots, labels) || this.#book.get({ bot, guard })) continue;
      if (this.#book.lastRelease({ bot, guard })?.latch.at === at) continue;
      void this.#book.trip({ ...latch, bot, lastLines: [] }).then(() => this.#options.wake(bot));
    }
  }

  async #hearFleet(rule: FleetRule, state: GuardState, isTripped: boolean): Promise<void> {
    const { clock, wake, incidents } = this.#options;
    const { name, bots, action, limit } = rule;
    const guard = `${FLEET}${name}`;
    if (!isTripped) {
      if (action === "alert") {
        incidents.close({ kind: KIND }, { text: `The guard '${name}' is within its limit again.` });
      }
      return;
    }
    const text = `the sum of ${bots}: ${describeTrip(rule, "limit", state)}`;
    this.#log.error("guard of several bots tripped", { guard: name, bots, text, action });
    const { value, peak } = state;
    const members = this.#fleet.get(name)?.members ?? [];
    if (action === "stop") {
      const latch = {
        guard,
        at: new Date(clock.now()).toISOString(),
        action,
        text,
        ...(value !== undefined && { value }),
        ...(peak !== undefined && { peak }),
        limit,
        bots,
        lastLines: [],
      };
      await Promise.all(members.map((bot) => this.#book.trip({ ...latch, bot }).then(() => wake(bot))));
    }
    const todo = `Release each of them with 'berth release ID --guard ${guard} --reason TEXT'.`;
    incidents.open({
      kind: KIND,
      severity: action === "stop" ? "critical" : "warning",
      title: `the guard '${name}' of ${bots} tripped${
        action === "stop" ? ` and stopped ${members.length} bots` : ""
      }`,
      text: action === "stop" ? `${text}. ${todo}\nBots: ${members.join(", ")}` : `${text}.`,
    });
  }

  #releaseFleet(guard: string): void {
    if (!guard.startsWith(FLEET)) return;
    const open = this.#book.open();
    if (!open.some((latch) => latch.guard === guard)) this.#fleet.get(guard.slice(FLEET.length))?.reset();
    if (!open.some((latch) => latch.guard.startsWith(FLEET))) {
      this.#options.incidents.close({ kind: KIND }, { text: "All of its bots are released." });
    }
  }

  async #hear({ bot, rule, state, tripped, lastLines }: GuardNews): Promise<void> {
    const { clock, wake, incidents } = this.#options;
    const { name: guard, limit } = rule;
    if (tripped === undefined) {
      if (this.#book.open(bot).length === 0) {
        incidents.close({ kind: KIND, bot }, { text: `Its guard '${guard}' is within its limit again.` });
      }
      return;
    }
    const text = describeTrip(rule, tripped, state);
    const action = tripped === "limit" ? rule.action : rule.onMissing!.action;
    this.#log.error("guard tripped", { id: bot, guard, text, action });
    const { value, peak } = state;
    const latch: Latch = {
      bot,
      guard,
      at: new Date(clock.now()).toISOString(),
      action,
      text,
      ...(tripped === "limit" && value !== undefined && { value }),
      ...(peak !== undefined && { peak }),
      limit,
      lastLines,
    };
    if (rule.latch) {
      await this.#book.trip(latch);
      if (action === "stop") wake(bot);
    }
    incidents.open(toIncident(latch, rule.latch));
  }
}

/** What `on_stop(id, config, reason)` of a bot gets. */
function toldOf({ guard, text }: Latch): string {
  return `guard ${guard}: ${text}`;
}

function toIncident({ bot, guard, action, text, lastLines }: Latch, isLatched: boolean) {
  const isStopped = action === "stop";
  const lines = lastLines.length > 0 ? `\nIts last lines:\n${lastLines.join("\n")}` : "";
  const todo = isLatched ? ` Release it with 'berth release ${bot} --guard ${guard} --reason TEXT'.` : "";
  return {
    kind: KIND,
    bot,
    severity: isStopped ? "critical" : "warning",
    title: `its guard '${guard}' tripped${isStopped ? " and stopped it" : ""}`,
    text: `${text}.${todo}${lines}`,
  } as const;
}

function toShown(
  rule: GuardRule,
  live: BotGuards | undefined,
  remembered: GuardRemembers | undefined,
  isOpen: boolean,
): ShownGuard {
  const { state, ...look } = live?.look(rule.name) ?? { state: undefined };
  const peak = state ? state.peak : remembered?.peak;
  const value = state?.value;
  const beyond = state?.beyondSince === undefined ? "ok" : "beyond";
  return {
    rule,
    ...(value !== undefined && { value }),
    ...(peak !== undefined && { peak }),
    ...look,
    state: isOpen || state?.tripped ? "tripped" : value === undefined ? "waiting" : beyond,
  };
}
