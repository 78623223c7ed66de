/**
 * Handles the operations on guards.
 *
 * @module
 */

import type { OpenLatch } from "../guards/latch_book.ts";
import type { ShownGuard as KnownGuard } from "../guards/guards.ts";
import type { Bot, BotSummary } from "../contract/bots.ts";
import type { ShownGuard, ShownLatch } from "../contract/guards.ts";
import type { ParsedBotDocument } from "../documents/bot_document.ts";
import type { ApiParts, GuardsPort } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import { noteChange } from "./audit_trail.ts";
import type { Handlers } from "./handlers.ts";

type GuardOperation = "listLatches" | "releaseGuard";

/**
 * Makes the handlers.
 *
 * @param parts What the API works with.
 */
export function guardHandlers({ guards }: Pick<ApiParts, "guards">): Handlers<GuardOperation> {
  function requireServed(): void {
    if (guards.isOpen) return;
    throw new ApiProblem(409, "guard/not-served", "This service does not look after the bots, or not yet.", {
      advice:
        "Ask the service that does, or retry in a moment; 'berth ps' says whether the service stands by.",
    });
  }

  return {
    listLatches() {
      requireServed();
      return Promise.resolve({ body: { latches: guards.latches().map(latchOf) } });
    },

    async releaseGuard({ params: { id, guard }, body: { reason }, caller, signal }) {
      requireServed();
      noteChange({ reason });
      const released = await guards.release({ bot: id, guard }, { by: caller.name, reason }, signal);
      if (released) return { body: latchOf({ ...released, isStored: true }) };
      const open = guards.show(id).latches.map((latch) => latch.guard);
      throw new ApiProblem(404, "guard/not-latched", `Guard '${guard}' of bot '${id}' does not hold.`, {
        advice: open.length > 0
          ? `What holds the bot: ${open.join(", ")}.`
          : `Nothing holds the bot; 'berth describe ${id}' shows its guards.`,
      });
    },
  };
}

/**
 * Shows the guards of a bot in a list.
 *
 * @param guards What is known of guards.
 * @param id Id of the bot.
 * @param parsed Its document.
 */
export function guardsOf(
  guards: GuardsPort,
  id: string,
  parsed: ParsedBotDocument | undefined,
): Pick<BotSummary, "guards"> {
  const rules = parsed?.status === "valid" ? parsed.settings.guards : undefined;
  return rules ? { guards: guards.show(id, rules).guards.map(guardOf) } : {};
}

/**
 * Shows what holds a bot, and what has been released.
 *
 * @param guards What is known of guards.
 * @param id Id of the bot.
 * @param parsed Its document.
 */
export function latchesOf(
  guards: GuardsPort,
  id: string,
  parsed: ParsedBotDocument | undefined,
): Pick<Bot, "latches" | "releases"> {
  const rules = parsed?.status === "valid" ? parsed.settings.guards : undefined;
  const { latches, released } = guards.show(id, rules);
  const releases = released.map(({ latch, release }) => ({
    guard: latch.guard,
    text: latch.text,
    trippedAt: latch.at,
    at: release.at,
    by: release.by,
    reason: release.reason,
  }));
  return {
    ...(latches.length > 0 && { latches: latches.map(latchOf) }),
    ...(releases.length > 0 && { releases }),
  };
}

function guardOf({ rule, ...known }: KnownGuard): ShownGuard {
  const { onMissing, ...rest } = rule;
  return { ...rest, ...known, ...(onMissing && { onMissing: { ...onMissing } }) };
}

function latchOf({ lastLines, ...latch }: Omit<OpenLatch, "isSettled">): ShownLatch {
  const { bot, guard, at, action, text, value, peak, limit, isStored } = latch;
  return {
    bot,
    guard,
    at,
    action,
    text,
    limit,
    ...(value !== undefined && { value }),
    ...(peak !== undefined && { peak }),
    lastLines: [...lastLines],
    isStored,
  };
}
