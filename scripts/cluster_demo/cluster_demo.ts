/**
 * The demo of a cluster: a bot whose node loses its power comes back on another one.
 *
 * @module
 */

import type { Terminal } from "../../cli/output/terminal.ts";
import { Lab, LAB_ROOT, type LabOptions } from "../lab/lab.ts";
import { BotWatch } from "./bot_watch.ts";
import { DemoBerth } from "./demo_berth.ts";
import { describeMove } from "./describe_move.ts";
import { Story } from "./story.ts";

/** Options of {@linkcode runClusterDemo}. */
export interface ClusterDemoOptions extends Pick<LabOptions, "name" | "images" | "dockerHost"> {
  /** How often nodes tell the Swarm that they live, in seconds. */
  readonly heartbeatSeconds: number;
  /** `LEASE_SECONDS` of Berth. */
  readonly leaseSeconds: number;
  /** Where to print. */
  readonly terminal: Terminal;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Id of the bot, and its folder in the repository. */
const BOT = "counter";
const FOLDER = `scripts/cluster_demo/${BOT}`;
/** How far the bot counts before and after each step. */
const TICKS = 3;
/** Longest time for a move beyond the lease, in ms: a busy machine is slow. */
const MOVE_SLACK_MS = 120_000;

/**
 * Makes a lab, runs Berth and a bot on it, cuts the power of the bot's node, tells what happens, and removes everything,
 * however it ends.
 *
 * @param options See {@linkcode ClusterDemoOptions}.
 * @throws {Error} If something does not come as it should. @throws The reason of the signal.
 */
export async function runClusterDemo(options: ClusterDemoOptions): Promise<void> {
  const { terminal, signal, leaseSeconds, heartbeatSeconds } = options;
  const story = new Story(terminal);
  story.say(
    "A bot runs on a cluster, the machine under it loses its power, and the bot comes back on another one.",
    "The cluster is made on this machine for that, and removed at the end. This takes about a minute, the first time half",
    "a minute more to load images; Ctrl-C ends it.",
    "",
  );
  story.tell(
    "Three nodes start, each with an engine, and form a Docker Swarm; MongoDB, MinIO and NATS start in a hub",
  );
  let lab: Lab | undefined;
  try {
    lab = await Lab.open({
      ...options,
      heartbeatSeconds,
      servers: ["minio", "mongo", "nats"],
      life: "process",
    });
    signal.throwIfAborted();
    story.tell(
      `The cluster is there. Berth starts in the hub, with RUNNER=swarm and LEASE_SECONDS=${leaseSeconds}`,
    );
    await using berth = await DemoBerth.open(lab, leaseSeconds);
    await showMove(lab, berth, story, { ...options, signal: AbortSignal.any([signal, berth.ended]) });
  } finally {
    story.tell("Now all of it is removed: bot, Berth, servers, nodes and networks");
    await lab?.[Symbol.asyncDispose]();
    story.tell(`Nothing is left but the images in ${LAB_ROOT}, with which the next lab starts sooner`);
  }
}

async function showMove(
  lab: Lab,
  berth: DemoBerth,
  story: Story,
  { leaseSeconds, signal }: ClusterDemoOptions,
): Promise<void> {
  const show = async (...args: string[]) =>
    story.show(`berth ${args.join(" ")}`, await berth.run(args, signal));
  signal.throwIfAborted();
  await show("deploy", FOLDER, "--no-wait");
  await using watch = new BotWatch(berth.client, BOT, story, signal);
  await watch.until("the first counts", () => watch.node !== undefined && watch.ticks.length >= TICKS);
  await show("nodes");
  await show("state", "snapshot", BOT);
  const saved = watch.ticks.length;
  await watch.until("more counts", () => watch.ticks.length >= saved + TICKS);

  const from = watch.node!;
  const number = lab.nodes.find(({ name }) => name === from)!.number;
  story.restart();
  story.tell(`POWER OFF: ${from} is gone, with all that ran on it. Times count from here`);
  await lab.powerOff(number);
  const epoch = watch.ticks.at(-1)!.epoch;
  const after = () => watch.ticks.filter((tick) => tick.epoch > epoch);
  await watch.until(
    "the move of the bot",
    () => watch.node !== undefined && after().length >= TICKS,
    leaseSeconds * 2000 + MOVE_SLACK_MS,
  );
  await show("nodes");
  const move = {
    id: BOT,
    from,
    to: watch.node!,
    last: watch.ticks.findLast((tick) => tick.epoch === epoch)!,
    first: after()[0]!,
    leaseSeconds,
  };
  story.say("In short", ...describeMove(move).map((line) => `  ${line}`), "");
}
