/**
 * Decides on the next step of a drain. Pure.
 *
 * @module
 */

import type { RunnerNode } from "../../lib/runner/runner_nodes.ts";
import { type BotCondition, describeCondition } from "../bots/bot_condition.ts";
import type { Drain, MovingBot } from "./drain_records.ts";

/** A bot as a drain sees it. */
export interface DrainedBot {
  /** Its condition. */
  readonly condition: BotCondition;
  /** Name of the node that it is on. */
  readonly node?: string;
}

/** The situation of a drain. */
export interface DrainSituation {
  /** The drain, which is under way. */
  readonly drain: Drain;
  /** The node; `undefined` if it is no longer in the cluster. */
  readonly node: Pick<RunnerNode, "availability" | "bots"> | undefined;
  /** Finds a bot: `unknown` if nobody has looked at it yet, `gone` if it has neither document nor container. */
  readonly find: (bot: string) => DrainedBot | "unknown" | "gone";
  /** Whether this process has restarted the bot that moves. */
  readonly isAsked: boolean;
  /** Whether this process has not looked at the move yet, which another one has begun. @default {false} */
  readonly isTakenOver?: boolean;
  /** Current time in ms since the epoch. */
  readonly now: number;
}

/** The next step: the drain as it is then, and the bot to restart for it. */
export interface DrainStep {
  /** The drain. The same object if nothing has changed. */
  readonly drain: Drain;
  /** The bot to restart. @default {none} */
  readonly restart?: string;
}

/** A bot that the cluster can place nowhere for this long has nowhere to go, in ms. */
const NOWHERE_MS = 10_000;
const UP: ReadonlySet<BotCondition["type"]> = new Set(["running", "ready", "silent", "unhealthy"]);
/** Conditions of a bot that nothing starts for now, so that it is on no node. */
const AT_REST: ReadonlySet<BotCondition["type"]> = new Set([
  "completed",
  "disabled",
  "latched",
  "outside-session",
]);

/**
 * Plans the next step. Bots leave one after the other, each once the one before runs elsewhere.
 *
 * @param situation See {@linkcode DrainSituation}.
 */
export function planDrain(
  { drain, node, find, isAsked, isTakenOver = false, now }: DrainSituation,
): DrainStep {
  const ended = (state: Drain["state"], reason?: string): DrainStep => {
    const { moving, ...rest } = drain;
    return {
      drain: {
        ...rest,
        state,
        endedAt: new Date(now).toISOString(),
        ...(reason !== undefined && { reason }),
        ...(state === "stuck" && moving && { moving }),
      },
    };
  };
  if (!node) return ended("stopped", "the node is no longer in the cluster");
  if (node.availability === "active") return ended("stopped", "the node takes bots again");
  const { moving } = drain;
  if (!moving) return begin(drain, node.bots, find, now) ?? ended("drained");
  const bot = find(moving.bot);
  if (bot === "gone") return { drain: leave(drain, "gone") };
  if (bot !== "unknown") {
    if (AT_REST.has(bot.condition.type)) return { drain: leave(drain, describeCondition(bot.condition)) };
    if (isElsewhere(bot, drain)) return { drain: arrive(drain, bot.node!) };
  }
  // Nobody has moved it while nobody led.
  if (isTakenOver) return { drain: { ...drain, moving: { bot: moving.bot, since: now } } };
  const text = bot === "unknown" ? "not looked at yet" : describeCondition(bot.condition);
  const isNowhere = /no suitable node/.test(text);
  const nowhereSince = isNowhere ? moving.nowhereSince ?? now : undefined;
  if ((nowhereSince !== undefined && now - nowhereSince >= NOWHERE_MS) || now - moving.since > drain.moveMs) {
    return ended("stuck", text);
  }
  const next = nowhereSince === moving.nowhereSince ? drain : {
    ...drain,
    moving: { bot: moving.bot, since: moving.since, ...(nowhereSince !== undefined && { nowhereSince }) },
  };
  // The leader before may have died before its restart.
  const isStillThere = bot !== "unknown" && UP.has(bot.condition.type);
  return { drain: next, ...(!isAsked && isStillThere && { restart: moving.bot }) };
}

/** Says that a bot was not restarted, or does not run any more. @param drain The drain. @param reason Why. */
export function leave(drain: Drain, reason: string): Drain {
  const { moving, ...rest } = drain;
  return { ...rest, left: [...drain.left, { bot: moving!.bot, reason }] };
}

function arrive({ moving, ...rest }: Drain, to: string): Drain {
  return { ...rest, moved: [...rest.moved, { bot: moving!.bot, to }] };
}

function begin(
  drain: Drain,
  bots: readonly string[],
  find: DrainSituation["find"],
  now: number,
): DrainStep | undefined {
  const seen = new Set([...drain.moved, ...drain.left].map(({ bot }) => bot));
  const bot = bots.find((id) => {
    const known = find(id);
    return !seen.has(id) && (typeof known === "string" || !isElsewhere(known, drain));
  });
  if (bot === undefined) return undefined;
  const moving: MovingBot = { bot, since: now };
  return { drain: { ...drain, moving }, restart: bot };
}

function isElsewhere({ condition, node }: DrainedBot, { name }: Drain): boolean {
  return UP.has(condition.type) && node !== undefined && node !== name;
}
