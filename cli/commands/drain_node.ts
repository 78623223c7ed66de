/**
 * Makes the service move the bots of a node to others, and shows the progress.
 *
 * @module
 */

import { type Clock, systemClock } from "../../lib/util/clock.ts";
import type { NodeDrain } from "../../services/contract/nodes.ts";
import type { ApiClient } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { printable } from "../output/terminal.ts";

/** The node to empty, and how long to wait. */
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

/** Time between two looks, in ms. */
const POLL_MS = 500;

/**
 * Drains a node. The service goes on with it if the command is interrupted.
 *
 * @param client The client of the service.
 * @param options The node to empty, and how.
 * @param context Where the progress is shown.
 * @returns 1 if a bot stays on the node, or does not run elsewhere.
 */
export async function drainNode(
  client: Client,
  { node: wanted, moveMs }: DrainOptions,
  context: DrainContext,
): Promise<number> {
  const { terminal, signal, clock = systemClock } = context;
  const input = { params: { node: wanted }, query: { moveSeconds: Math.max(1, Math.ceil(moveMs / 1000)) } };
  const { id, name, bots } = await client.call("drainNode", input, { signal });
  terminal.note(printable(`${name}: cordoned, ${countOf(bots.length, "bot")} to move`));
  const onEnd = () =>
    terminal.note(printable(`The service goes on with it. 'berth nodes cordon ${name}' stops it.`));
  signal.addEventListener("abort", onEnd, { once: true });
  const shown = { moved: 0, left: 0 };
  try {
    while (true) {
      const { nodes } = await client.call("listNodes", {}, { signal });
      const now = nodes.find((node) => node.id === id);
      const { moved = [], left = [] } = now?.drain ?? {};
      for (const { bot, to } of moved.slice(shown.moved)) terminal.out(printable(`${bot}: ${name} -> ${to}`));
      for (const { bot, reason } of left.slice(shown.left)) terminal.out(printable(`${bot}: ${reason}`));
      Object.assign(shown, { moved: moved.length, left: left.length });
      if (now?.drain?.state !== "draining") return report(name, now, context);
      const { moving } = now.drain;
      if (moving) terminal.transient(printable(`${moving.bot}: ${moving.condition ?? "moves"}`));
      await clock.sleep(POLL_MS, signal);
    }
  } finally {
    signal.removeEventListener("abort", onEnd);
    terminal.transient("");
  }
}

interface DrainedNode {
  readonly bots: readonly string[];
  readonly runs: number;
  readonly availability: string;
  readonly drain?: NodeDrain | undefined;
}

/** Tells how a drain has ended. @returns The exit code. */
function report(name: string, node: DrainedNode | undefined, { terminal }: DrainContext): number {
  const { bots = [], runs = 0, drain } = node ?? {};
  const note = (line: string) => terminal.note(printable(line));
  if (drain?.state === "stuck") {
    note(`berth: ${drain.moving?.bot} does not run elsewhere: ${drain.reason}`);
    note(
      `The others stay. 'berth nodes activate ${name}' lets it start there again; ` +
        `'berth nodes drain ${name}' goes on.`,
    );
    return EXIT.failed;
  }
  if (drain?.state !== "drained") {
    note(
      drain || node?.availability === "active"
        ? `berth: The drain of ${name} has stopped: ${drain?.reason ?? "the node takes bots again"}.`
        : `berth: The service does not know now how far the drain of ${name} is; 'berth nodes drain ${name}' shows it.`,
    );
    return EXIT.failed;
  }
  const still = runs > 0 ? `; ${countOf(runs, "run or backtest", "runs and backtests")} still there` : "";
  terminal.out(printable(`${name}: ${countOf(drain.moved.length, "bot")} moved${still}`));
  if (bots.length === 0) return EXIT.ok;
  note(`berth: ${name} still has ${bots.join(", ")}.`);
  return EXIT.failed;
}

function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
