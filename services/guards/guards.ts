/**
 * Guards: rules on what bots print that alert people, or stop a bot until a person releases it.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../lib/util/clock.ts";
import { tick } from "../control/tick.ts";
import type { ServiceState } from "../bots/service_state.ts";
import type { GateAnswer, GatedBot, RunGate } from "../bots/run_gate.ts";
import { bothWatches, type Run, type RunWatch, type RunWatcher } from "../bots/run_watcher.ts";
import type { BotSettings } from "../documents/bot_settings.ts";
import type { GuardRule } from "../documents/guard_settings.ts";
import type { Incidents } from "../notifications/incidents.ts";
import type { RecordStore } from "../records/record_store.ts";
import { BotGuards } from "./bot_guards.ts";
import { FleetGuards } from "./fleet_guards.ts";
import { guardIncidentKey } from "./guard_incidents.ts";
import { GuardMemory } from "./guard_memory.ts";
import type { Latch, LatchKey, Release } from "./latch.ts";
import { type ShownGuards, toShownGuard } from "./shown_guard.ts";
import { LatchBook, type OpenLatch } from "./latch_book.ts";
import { TripReports } from "./trip_reports.ts";

/** Dependencies of {@linkcode Guards}. */
export interface GuardsOptions {
  /** The database. */
  readonly records: RecordStore;
  /** Takes what people should know. */
  readonly incidents: Incidents;
  /** Has a pass made over a bot. */
  readonly wake: (bot: string) => void;
  /** The clock. */
  readonly clock: Clock;
  /** Absolute path of the file of guards over several bots. @default {there are none} */
  readonly fleetFile?: string;
  /** Absolute path of the file for latches that the database does not take. @default {there is none} */
  readonly latchFile?: string;
  /** Called when that file has changed, so that other runs have to be watched. */
  readonly onRules?: () => void;
}

/** How often the file of guards over several bots is looked at, in ms. */
const LOOK_MS = 5_000;

/** Looks after the bots that have guards. Others cost nothing. */
export class Guards implements RunGate, RunWatcher, AsyncDisposable {
  readonly #options: GuardsOptions;
  readonly #book: LatchBook;
  readonly #memory: GuardMemory;
  readonly #bots = new Map<string, BotGuards>();
  /** Bots with latches of an earlier process, which may have ended before it notified anybody. */
  readonly #toNotify = new Set<string>();
  /** The guards over several bots. */
  readonly fleet: FleetGuards;
  readonly #reports: TripReports;
  readonly #log = getLogger(["berth", "guards"]);

  /** @param options See {@linkcode GuardsOptions}. */
  constructor(options: GuardsOptions) {
    this.#options = options;
    this.#book = new LatchBook(options);
    this.#memory = new GuardMemory(options.records, options.clock);
    this.#reports = new TripReports({ ...options, book: this.#book });
    this.fleet = new FleetGuards({
      ...options,
      path: options.fleetFile,
      book: this.#book,
      memory: this.#memory,
    });
  }

  /** {@inheritDoc RunGate.open} */
  async open(signal: AbortSignal): Promise<void> {
    await this.#book.load(signal);
    this.#reports.forgetUnnamed();
    for (const { bot } of this.#book.open()) this.#toNotify.add(bot);
    await this.#memory.load(signal);
    await this.fleet.read();
  }

  /** {@inheritDoc RunGate.meet} */
  async meet(id: string, signal: AbortSignal): Promise<void> {
    await this.#book.reload(id, signal);
  }

  /**
   * Explains why nothing of an id may be started: a latch holds it, also after its bot was removed.
   *
   * @param id Id of a bot or a schedule.
   * @param signal Cancels the call.
   * @returns The reason, and what to do; `undefined` if no latch does.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async whyHeld(id: string, signal: AbortSignal): Promise<string | undefined> {
    await this.#book.reload(id, signal);
    const latch = this.#book.open(id).find(({ action }) => action === "stop");
    return latch &&
      `guard '${latch.guard}' of the bot of this id tripped at ${latch.at}: ${latch.text}; release ` +
        `it with 'berth release ${id} --guard ${latch.guard} --reason TEXT'`;
  }

  /**
   * Checks the file of guards over several bots until the signal is aborted.
   *
   * @param signal Ends it.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, onRules } = this.#options;
    await tick("guards file", LOOK_MS, { signal, clock }, async () => {
      if (this.isOpen && await this.fleet.read()) onRules?.();
    });
  }

  /** {@inheritDoc RunGate.ask} */
  ask({ id, settings }: GatedBot): GateAnswer {
    if (settings) this.fleet.see(id, settings.labels);
    else this.fleet.seeBroken(id);
    if (this.#book.size === 0) return {};
    this.fleet.holdAlike(id, settings?.labels);
    if (this.#toNotify.delete(id)) {
      for (const latch of this.#book.open(id)) {
        if (latch.bots === undefined) this.#reports.notifyAgain(latch);
        else this.fleet.notifyAgain(latch);
      }
    }
    const holding = this.#book.open(id).filter(({ action }) => action === "stop");
    const [latch] = holding;
    if (!latch) return {};
    const { guard, text } = latch;
    const reason = holding.map((one) => `guard '${one.guard}' tripped at ${one.at}: ${one.text}`).join("; ");
    const stop = {
      why: "guard tripped",
      cause: `as guard '${guard}' tripped: ${text}`,
      onStopReason: `guard ${guard}: ${text}`,
    } as const;
    const isSettled = holding.some((one) => one.isSettled);
    return { refusal: { condition: { type: "latched", reason }, ...(isSettled && { stop }) } };
  }

  /**
   * Returns the settings that an earlier process knew of a bot whose document is invalid now: its container runs on,
   * with its guards.
   *
   * @param bot Id of the bot.
   */
  lastSettings(bot: string): BotSettings | undefined {
    const guards = this.#memory.of(bot)?.guards.map(({ rule }) => rule) ?? [];
    return guards.length > 0 ? { guards } : undefined;
  }

  /** {@inheritDoc RunWatcher.watch} */
  watch(run: Run): RunWatch | undefined {
    const { id, settings: { guards = [] } } = run;
    const several = this.fleet.watch(run);
    this.#reports.forgetAlerts(id, guards);
    if (guards.length > 0) return bothWatches(this.#watchOwn(run, guards), several);
    this.#forget(id);
    return several;
  }

  #watchOwn(run: Run, guards: readonly GuardRule[]): RunWatch {
    const { id } = run;
    const { clock } = this.#options;
    const bot = this.#bots.get(id) ??
      new BotGuards({
        bot: id,
        memory: this.#memory,
        clock,
        onNews: (news) => void this.#reports.report(news),
      });
    this.#bots.set(id, bot);
    return bot.watch(run, guards);
  }

  /**
   * Forgets peaks and alerts of bots that are disabled or removed. Latches stay.
   *
   * @param state The status of the bots.
   * @returns A function that ends that.
   */
  follow(state: Pick<ServiceState, "subscribe">): () => void {
    return state.subscribe((id, bot) => {
      if (bot && bot.condition.type !== "disabled") return;
      this.#forget(id);
      this.#reports.forgetAlerts(id, []);
      this.fleet.leave(id);
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
      return toShownGuard(rule, this.#bots.get(bot), known.get(rule.name), isOpen);
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
   * @param release The caller, and the reason.
   * @param signal Cancels the call.
   * @returns The guard that was released; `undefined` if it is not open.
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
    this.fleet.released(guard);
    const guards = this.#bots.get(bot);
    if (guards) guards.reset(guard);
    else this.#memory.forgetGuard(bot, guard);
    if (latch.bots === undefined) {
      incidents.close(guardIncidentKey(key), {
        text: `${release.by} released guard '${guard}': ${release.reason}`,
      });
    }
    wake(bot);
    return latch;
  }

  /** Stores what is not stored yet. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.fleet[Symbol.dispose]();
    await this.#memory[Symbol.asyncDispose]();
    await this.#book[Symbol.asyncDispose]();
  }

  #forget(bot: string): void {
    this.#bots.delete(bot);
    this.#memory.forget(bot);
  }
}
