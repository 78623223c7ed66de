/**
 * Guards: rules on what bots print that alert somebody, or stop a bot until a person releases it.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../lib/util/clock.ts";
import type { ServiceState } from "../bots/service_state.ts";
import type { GateAnswer, GatedBot, RunGate } from "../bots/run_gate.ts";
import type { Run, RunWatch, RunWatcher } from "../bots/run_watcher.ts";
import type { GuardRule } from "../documents/guard_settings.ts";
import type { Incidents } from "../notifications/incidents.ts";
import type { RecordStore } from "../records/record_store.ts";
import { BotGuards, type GuardNews } from "./bot_guards.ts";
import { describeTrip } from "./describe_trip.ts";
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

/** Looks after the bots that have guards. Others cost nothing. */
export class Guards implements RunGate, RunWatcher, AsyncDisposable {
  readonly #options: GuardsOptions;
  readonly #book: LatchBook;
  readonly #memory: GuardMemory;
  readonly #bots = new Map<string, BotGuards>();
  readonly #log = getLogger(["berth", "guards"]);

  /** @param options See {@linkcode GuardsOptions}. */
  constructor(options: GuardsOptions) {
    this.#options = options;
    this.#book = new LatchBook(options);
    this.#memory = new GuardMemory(options.records, options.clock);
  }

  /** {@inheritDoc RunGate.open} */
  async open(signal: AbortSignal): Promise<void> {
    await this.#book.load(signal);
    await this.#memory.load(signal);
  }

  /** {@inheritDoc RunGate.ask} */
  ask({ id }: GatedBot): GateAnswer {
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

  /** {@inheritDoc RunWatcher.watch} */
  watch(run: Run): RunWatch | undefined {
    const { id, settings: { guards } } = run;
    if (!guards) {
      this.#forget(id);
      return undefined;
    }
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
      if (!bot || bot.condition.type === "disabled") this.#forget(id);
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
    await this.#memory[Symbol.asyncDispose]();
    await this.#book[Symbol.asyncDispose]();
  }

  #forget(bot: string): void {
    this.#bots.delete(bot);
    this.#memory.forget(bot);
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
