/**
 * The port that is asked before a bot is started, whatever the cause: may it run now?
 *
 * @module
 */

import { allSettledOrThrow } from "../../lib/util/promises.ts";
import type { BotSettings } from "../documents/bot_settings.ts";
import type { BotCondition, StopReason } from "./bot_condition.ts";

/** A bot whose document asks for a run, or that may be running without one. */
export interface GatedBot {
  /** Id of the bot. */
  readonly id: string;
  /**
   * Its settings. If its document is gone or cannot be read, the last ones that could be read while its container ran, if
   * there are any; then only a refusal that stops it counts.
   */
  readonly settings?: BotSettings;
}

/** How a bot is stopped that must not run. */
export interface RefusalStop {
  /** Why, for conditions and history. */
  readonly why: StopReason;
  /** The cause in words, for example `as guard 'equity' tripped: 812 is below 900`. */
  readonly cause?: string;
  /** The `reason` that the bot's `on_stop(id, config, reason)` gets, for example `guard equity: …`. @default {`why`} */
  readonly onStopReason?: string;
}

/** A bot must not run now. */
export interface RunRefusal {
  /** Its condition for as long as this lasts. Give the same one each time. */
  readonly condition: BotCondition & { readonly type: "latched" | "outside-session" | "waiting" };
  /** Set if a container that runs is stopped, in two phases. @default {it keeps running, and is not started again} */
  readonly stop?: RefusalStop;
}

/** Whether a bot may run now. */
export interface GateAnswer {
  /** Why not; absent if it may. */
  readonly refusal?: RunRefusal;
  /** When to ask again, in ms; absent if only `BotService.wake()` can change the answer. */
  readonly againInMs?: number;
}

/**
 * Tells whether a bot may run. An implementation wakes the bot (`BotService.wake`) when its answer changes earlier than
 * it has said.
 */
export interface RunGate {
  /**
   * Loads what the gate needs to answer. Called before the first pass, and again until it succeeds: nothing starts before.
   *
   * @param signal Cancels the call.
   * @throws {StoreUnavailableError} If the store does not answer.
   */
  open?(signal: AbortSignal): Promise<void>;
  /**
   * Learns what other processes may have noted of a bot that this process has not served since {@linkcode RunGate.open}.
   * Called before the first pass over such a bot.
   *
   * @param id Id of the bot.
   * @param signal Cancels the call.
   * @throws The error that keeps it from knowing.
   */
  meet?(id: string, signal: AbortSignal): Promise<void>;
  /**
   * Answers from memory: it is asked often, once more immediately before a start, and must not throw.
   *
   * @param bot The bot.
   */
  ask(bot: GatedBot): GateAnswer;
}

/**
 * Combines several gates into one. A refusal by any of them counts; a refusal that stops the bot comes before one that
 * does not.
 *
 * @param gates The gates, the most important first.
 */
export function allGates(gates: readonly RunGate[]): RunGate {
  return {
    async open(signal) {
      await allSettledOrThrow(gates.map((gate) => gate.open?.(signal)));
    },
    async meet(id, signal) {
      for (const gate of gates) await gate.meet?.(id, signal);
    },
    ask(bot) {
      const answers = gates.map((gate) => gate.ask(bot));
      const refusals = answers.flatMap(({ refusal }) => refusal ? [refusal] : []);
      const refusal = refusals.find(({ stop }) => stop) ?? refusals[0];
      const times = answers.flatMap(({ againInMs }) => againInMs === undefined ? [] : [againInMs]);
      return { ...(refusal && { refusal }), ...(times.length > 0 && { againInMs: Math.min(...times) }) };
    },
  };
}

/** A start was called off because a {@linkcode RunGate} has refused it meanwhile. */
export class RunRefusedError extends Error {
  /** {@inheritDoc Error.name} */
  override readonly name = "RunRefusedError";
}
