/**
 * Handles the operations on guards.
 *
 * @module
 */

import type { KeptLatch } from "../guards/latch.ts";
import type { OpenLatch } from "../guards/latch_book.ts";
import type { ShownFleet } from "../guards/fleet_guards.ts";
import type { ShownGuard as KnownGuard } from "../guards/shown_guard.ts";
import type { Bot, BotSummary } from "../contract/bots.ts";
import type { ShownGuard, ShownLatch, ShownRelease } from "../contract/guards.ts";
import { StoreUnavailableError } from "../documents/bot_repository.ts";
import { parseBotDocument, type ParsedBotDocument } from "../documents/bot_document.ts";
import { type GuardRule, readGuardRule } from "../documents/guard_settings.ts";
import { replayGuard } from "../guards/replay_guard.ts";
import type { ApiParts, GuardsPort } from "./api_parts.ts";
import { ApiProblem, notFound } from "./api_problem.ts";
import { noteChange } from "./audit_trail.ts";
import type { Handlers } from "./handlers.ts";

type GuardOperation = "listLatches" | "getBotGuards" | "releaseGuard" | "replayGuard";

/** How long a replay reads, in ms. */
const REPLAY_MS = 20_000;

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 */
export function guardHandlers(
  { guards, bots, runner, settings }: Pick<ApiParts, "guards" | "bots" | "runner" | "settings">,
): Handlers<GuardOperation> {
  function requireServed(): void {
    if (guards.isOpen) return;
    throw new ApiProblem(
      409,
      "guard/not-served",
      "This service does not look after the bots, at least not yet.",
      {
        advice:
          "Ask the service that does, or retry in a moment; 'berth ps' says whether the service stands by.",
      },
    );
  }

  /** Returns the rules of a bot; while the database does not answer, those that this process knows. */
  async function rulesOf(id: string, signal: AbortSignal): Promise<readonly GuardRule[] | undefined> {
    try {
      const document = await bots.get(id, { signal });
      return document && (rulesIn(parseBotDocument(document, { key: id })) ?? []);
    } catch (error) {
      const known = guards.lastSettings(id)?.guards;
      const isKnown = known !== undefined || guards.show(id).latches.length > 0;
      if (error instanceof StoreUnavailableError && isKnown) return known;
      throw error;
    }
  }

  return {
    listLatches() {
      requireServed();
      return Promise.resolve({
        body: { latches: guards.latches().map(latchOf), fleet: fleetOf(guards.fleet.show()) },
      });
    },

    async getBotGuards({ params: { id }, signal }) {
      requireServed();
      const rules = await rulesOf(id, signal);
      const { guards: shown, latches, released } = guards.show(id, rules);
      if (!rules && latches.length === 0) throw notFound("bot", id);
      const releases = released.map(releaseOf);
      return { body: { guards: shown.map(guardOf), latches: latches.map(latchOf), releases } };
    },

    async releaseGuard({ params: { id, guard }, body: { reason }, caller, signal }) {
      requireServed();
      noteChange({ reason });
      const released = await guards.release({ bot: id, guard }, { by: caller.name, reason }, signal);
      if (released) return { body: latchOf({ ...released, isStored: true }) };
      const open = guards.show(id).latches.map((latch) => latch.guard);
      throw new ApiProblem(404, "guard/not-latched", `Guard '${guard}' of bot '${id}' does not hold.`, {
        advice: open.length > 0
          ? `The bot is held by ${open.join(", ")}.`
          : `Nothing holds the bot; 'berth describe ${id}' shows its guards.`,
      });
    },

    async replayGuard({ params: { id }, query: { guard, rule, since }, signal }) {
      const document = await bots.get(id, { signal });
      if (!document) throw notFound("bot", id);
      const parsed = parseBotDocument(document, { key: id, bounds: settings.bounds });
      const replayed = rule === undefined ? ruleOf(parsed, id, guard!) : readRule(rule);
      const limit = AbortSignal.timeout(REPLAY_MS);
      const lines = runner.readLogs(id, {
        signal: AbortSignal.any([signal, limit]),
        // The stored log is enough to judge a rule.
        onEngineAway: () => {},
        ...(since !== undefined && { since: new Date(since) }),
      });
      const { trips, ...rest } = await replayGuard(replayed, lines);
      return { body: { trips: [...trips], ...rest, isComplete: !limit.aborted } };
    },
  };
}

/**
 * Shows the guards of a bot in a list.
 *
 * @param guards The facts about guards.
 * @param id Id of the bot.
 * @param parsed Its document.
 */
export function guardsOf(
  guards: GuardsPort,
  id: string,
  parsed: ParsedBotDocument | undefined,
): Pick<BotSummary, "guards"> {
  const rules = rulesIn(parsed);
  return rules ? { guards: guards.show(id, rules).guards.map(guardOf) } : {};
}

/**
 * Shows the latches that hold a bot, and those that have been released.
 *
 * @param guards The facts about guards.
 * @param id Id of the bot.
 * @param parsed Its document.
 */
export function latchesOf(
  guards: GuardsPort,
  id: string,
  parsed: ParsedBotDocument | undefined,
): Pick<Bot, "latches" | "releases"> {
  const { latches, released } = guards.show(id, rulesIn(parsed));
  return {
    ...(latches.length > 0 && { latches: latches.map(latchOf) }),
    ...(released.length > 0 && { releases: released.map(releaseOf) }),
  };
}

function fleetOf({ file, problems, guards }: ShownFleet) {
  return {
    ...(file !== undefined && { file }),
    problems: [...problems],
    guards: guards.map(({ rule, members, value }) => {
      const { name, bots, metric, field, when, limit, action } = rule;
      return {
        name,
        bots,
        metric,
        ...(field !== undefined && { field }),
        when,
        limit,
        action,
        members: [...members],
        ...(value !== undefined && { value }),
      };
    }),
  };
}

function ruleOf(parsed: ParsedBotDocument, id: string, name: string): GuardRule {
  const rules = rulesIn(parsed) ?? [];
  const rule = rules.find((one) => one.name === name);
  if (rule) return rule;
  const names = rules.map((one) => one.name).join(", ");
  throw new ApiProblem(404, "guard/not-found", `Bot '${id}' has no guard '${name}'.`, {
    advice: names === "" ? "It has no guards; try a rule instead." : `It has: ${names}.`,
  });
}

function rulesIn(parsed: ParsedBotDocument | undefined): readonly GuardRule[] | undefined {
  return parsed?.status === "valid" ? parsed.settings.guards : undefined;
}

function readRule(json: string): GuardRule {
  const issues: { path: string; message: string }[] = [];
  const note = (path: string, message: string) =>
    issues.push({ path: path === "" ? "query.rule" : `query.rule.${path}`, message });
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch {
    note("", "must be JSON");
  }
  const rule = issues.length === 0 ? readGuardRule(given, note) : undefined;
  if (rule) return rule;
  const detail = issues.map(({ path, message }) => `${path}: ${message}`).join("; ");
  throw new ApiProblem(400, "request/invalid", `The rule is invalid: ${detail}.`, { issues });
}

function guardOf({ rule, ...known }: KnownGuard): ShownGuard {
  const { onMissing, ...rest } = rule;
  return { ...rest, ...known, ...(onMissing && { onMissing: { ...onMissing } }) };
}

function releaseOf({ latch: { guard, text, at }, release }: Required<KeptLatch>): ShownRelease {
  return { guard, text, trippedAt: at, at: release.at, by: release.by, reason: release.reason };
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
