/**
 * Moves the bots of a node to others, one after the other.
 *
 * @module
 */

import { type Clock, systemClock } from "../../lib/util/clock.ts";
import type { BotSummary } from "../../services/contract/bots.ts";
import { type ApiClient, ApiError } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { printable } from "../output/terminal.ts";

/** What to empty, and how long to wait. */
export interface DrainOptions {
  /** Name or id of the node. */
  readonly node: string;
  /** How long the move of one bot may take, in ms. */
  readonly moveMs: number;
}

/** The part of the client that is used. */
type Client = Pick<ApiClient, "call">;
/** Where the work shows, and what ends it. */
type DrainContext = Pick<CliContext, "terminal" | "signal"> & { readonly clock?: Clock };

/** How the move of a bot has ended. */
type Move = { readonly to: string } | { readonly left: string } | { readonly stuck: string };

/** Time between two looks, in ms. */
const POLL_MS = 500;
/** A bot that the Swarm can place nowhere for so long has nowhere to go, in ms. */
const NOWHERE_MS = 10_000;
const UP: ReadonlySet<string> = new Set(["running", "ready", "silent", "unhealthy"]);
/** States of a bot that nothing starts for now, so that it is on no node. */
const AT_REST: ReadonlySet<string> = new Set(["completed", "disabled", "latched", "outside-session"]);

/**
 * Cordons a node, then restarts its bots one by one, each once the one before runs elsewhere. May be interrupted and
 * repeated: the bots that are still there are moved then.
 *
 * @param client The client of the service.
 * @param options What to empty.
 * @param context Where the progress is shown.
 * @returns 1 if a bot does not run elsewhere; the others are not touched then.
 */
export async function drainNode(
  client: Client,
  { node: wanted, moveMs }: DrainOptions,
  context: DrainContext,
): Promise<number> {
  const { terminal, signal } = context;
  const { id, name, bots } = await client.call("cordonNode", { params: { node: wanted } }, { signal });
  terminal.note(printable(`${name}: cordoned, ${countOf(bots.length, "bot")} to move`));
  const seen = new Set<string>();
  let moved = 0;
  while (true) {
    const { nodes } = await client.call("listNodes", {}, { signal });
    const now = nodes.find((node) => node.id === id);
    const bot = now?.bots.find((each) => !seen.has(each));
    if (bot === undefined) {
      const left = now?.bots.length ?? 0;
      const runs = now && now.runs > 0
        ? `; ${countOf(now.runs, "run or backtest", "runs and backtests")} still there`
        : "";
      terminal.out(printable(`${name}: ${countOf(moved, "bot")} moved${runs}`));
      if (left === 0) return EXIT.ok;
      terminal.note(printable(`berth: ${name} still has ${now!.bots.join(", ")}.`));
      return EXIT.failed;
    }
    seen.add(bot);
    const move = await moveBot(client, bot, { node: name, moveMs }, context);
    if ("stuck" in move) {
      terminal.note(printable(`berth: ${bot} does not run elsewhere: ${move.stuck}`));
      terminal.note(
        printable(
          `The others stay. 'berth nodes activate ${name}' lets it start there again; ` +
            `'berth nodes drain ${name}' goes on.`,
        ),
      );
      return EXIT.failed;
    }
    if ("to" in move) moved++;
    terminal.out(printable("to" in move ? `${bot}: ${name} -> ${move.to}` : `${bot}: ${move.left}`));
  }
}

/** Restarts a bot, and waits until it runs on another node. */
async function moveBot(
  client: Client,
  id: string,
  { node, moveMs }: DrainOptions,
  { terminal, signal, clock = systemClock }: DrainContext,
): Promise<Move> {
  try {
    await client.call("restartBot", { params: { id } }, { signal });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // Such a bot is stopped already, or will be; a service that stands by can restart none.
    if (error.code === "bot/not-served") throw error;
    return { left: `not restarted: ${error.message}` };
  }
  const deadline = clock.monotonic() + moveMs;
  let nowhereSince: number | undefined;
  try {
    while (true) {
      const bot = await find(client, id, signal);
      if (!bot || AT_REST.has(bot.state)) return { left: bot?.condition ?? "gone" };
      if (UP.has(bot.state) && bot.node !== undefined && bot.node !== node) return { to: bot.node };
      terminal.transient(printable(`${id}: ${bot.condition}`));
      const now = clock.monotonic();
      nowhereSince = /no suitable node/.test(bot.condition) ? nowhereSince ?? now : undefined;
      const isNowhere = nowhereSince !== undefined && now - nowhereSince >= NOWHERE_MS;
      if (isNowhere || now > deadline) return { stuck: bot.condition };
      await clock.sleep(POLL_MS, signal);
    }
  } finally {
    terminal.transient("");
  }
}

/** The list is cheaper than the description, which reads the log. */
async function find(client: Client, id: string, signal: AbortSignal): Promise<BotSummary | undefined> {
  const { bots } = await client.call("listBots", { query: { text: id, limit: 1000 } }, { signal });
  return bots.find((bot) => bot.id === id);
}

function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
