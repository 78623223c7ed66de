/**
 * A guard as it is shown.
 *
 * @module
 */

import type { GuardRule } from "../documents/guard_settings.ts";
import type { BotGuards } from "./bot_guards.ts";
import type { GuardRemembers } from "./guard_memory.ts";
import type { KeptLatch } from "./latch.ts";
import type { OpenLatch } from "./latch_book.ts";

/** A guard, and what is known about it. */
export interface ShownGuard {
  /** The rule. */
  readonly rule: GuardRule;
  /** The value that is compared with the limit; absent if nothing came yet. */
  readonly value?: number;
  /** When the last number came: RFC 3339. */
  readonly valueAt?: string;
  /** The peak of a drawdown. */
  readonly peak?: number;
  /** The last value of the bot that is not a number. */
  readonly oddity?: string;
  /** `waiting`: no number has come yet. `beyond`: its value is beyond the limit, but not for long enough. */
  readonly state: "ok" | "waiting" | "beyond" | "tripped";
}

/** The guards of a bot. */
export interface ShownGuards {
  /** Those of its document. */
  readonly guards: readonly ShownGuard[];
  /** Its open latches, also of guards that its document does not have any more. */
  readonly latches: readonly OpenLatch[];
  /** The last release of each of its guards. */
  readonly released: readonly Required<KeptLatch>[];
}

/**
 * Shows a guard.
 *
 * @param rule Its rule.
 * @param live The guards of its bot, if the bot is watched.
 * @param remembered The stored facts about it.
 * @param isOpen Whether its latch is open.
 */
export function toShownGuard(
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
