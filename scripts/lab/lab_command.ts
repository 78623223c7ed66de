/**
 * `berth lab`: a cluster on this machine, and faults.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { Lab } from "./lab.ts";
import { describeLab } from "./describe_lab.ts";
import { findLabObstacle } from "./lab_programs.ts";

/** A wrong command line. */
export class LabUsageError extends Error {
  override readonly name = "LabUsageError";
}

const USAGE = `Usage: berth lab COMMAND [--name NAME]

  up [--nodes N] [--heartbeat SECONDS]   make a Swarm of 3 nodes, with MinIO, FerretDB, NATS and a registry in its hub
  down                                   remove it with all that is on it
  status                                 show the nodes, and what a Berth in the hub needs in its environment
  power-off N, power-on N                cut the power of node N, give it power again
  partition N                            unplug node N: it runs on and reaches nobody
  cut N                                  cut node N off from the hub only: the Swarm sees nothing of it
  slow N MS                              delay each packet of node N by MS milliseconds, each way
  clock N RATE                           let the clock of the containers of node N run at another speed: 1.1, 0.9
  heal N                                 end partition, cut, slow and clock
  exec N|hub PROGRAM...                  run a program on a node, or in the network of the hub

docs/cluster.md shows what to do with it.`;

/** Options of {@linkcode runLabCommand}. */
export interface LabCommandOptions {
  /** Names of the images that nodes get. */
  readonly images: readonly string[];
  /** Engine of this machine, which has them. */
  readonly dockerHost: string;
  /** Prints a line. */
  readonly print: (line: string) => void;
}

/**
 * Runs a command.
 *
 * @param args The command line after `berth lab`.
 * @param options See {@linkcode LabCommandOptions}.
 * @returns Its exit code.
 * @throws {LabUsageError} If the command line is wrong.
 */
export async function runLabCommand(args: readonly string[], options: LabCommandOptions): Promise<number> {
  const { print } = options;
  const { name, nodes, heartbeat, words: [command = "help", ...words], rest } = parse(args);
  if (command === "help") {
    print(USAGE);
    return 0;
  }
  if (command === "down") {
    print(await Lab.takeDown(name) ? "The lab is gone." : "There is no lab.");
    return 0;
  }
  if (command === "up") {
    const obstacle = findLabObstacle();
    if (obstacle !== undefined) throw new Error(`A lab needs ${obstacle}`);
    if (await Lab.find(name)) throw new Error("There is a lab already: 'berth lab down' removes it");
    await Lab.takeDown(name);
    const servers = ["minio", "mongo", "nats"] as const;
    const lab = await Lab.open({ ...options, name, nodes, heartbeatSeconds: heartbeat, servers });
    for (const line of await describeLab(lab)) print(line);
    return 0;
  }
  const act = ACTS[command];
  if (!act && command !== "status" && command !== "exec") {
    throw new LabUsageError(`There is no 'berth lab ${command}'.\n\n${USAGE}`);
  }
  const lab = await Lab.find(name);
  if (!lab) throw new Error("There is no lab: 'berth lab up' makes one");
  if (command === "exec") return await runProgramIn(lab, words, rest);
  if (act) await act(lab, nodeNumber(lab, words[0]), words[1] ?? "");
  else for (const line of await describeLab(lab)) print(line);
  return 0;
}

const ACTS: Readonly<Record<string, (lab: Lab, number: number, value: string) => Promise<void>>> = {
  "power-off": (lab, number) => lab.powerOff(number),
  "power-on": (lab, number) => lab.powerOn(number),
  "partition": (lab, number) => lab.partition(number),
  "cut": (lab, number) => lab.cutFromHub(number),
  "slow": (lab, number, value) =>
    lab.slow(number, numberOf("slow needs a delay in milliseconds", value, 0, 60_000)),
  "clock": (lab, number, value) => lab.clock(number, numberOf("clock needs a speed", value, 0.1, 10)),
  "heal": (lab, number) => lab.heal(number),
};

function parse(args: readonly string[]) {
  // A program's own options are not ours.
  const start = args.indexOf("exec");
  const [own, rest] = start < 0 ? [args, []] : [args.slice(0, start + 2), args.slice(start + 2)];
  try {
    const { values, positionals } = parseArgs({
      args: [...own],
      options: {
        name: { type: "string", default: "lab" },
        nodes: { type: "string", default: "3" },
        heartbeat: { type: "string", default: "5" },
        help: { type: "boolean", short: "h" },
      },
      allowPositionals: true,
    });
    if (!/^[a-z0-9][a-z0-9-]{0,20}$/.test(values.name)) {
      throw new LabUsageError(
        `--name takes a short name of small letters, digits and hyphens (is '${values.name}')`,
      );
    }
    return {
      name: values.name,
      nodes: numberOf("--nodes takes a whole number", values.nodes, 1, 9),
      heartbeat: numberOf("--heartbeat takes seconds", values.heartbeat, 1, 60),
      words: values.help ? [] : positionals,
      rest,
    };
  } catch (error) {
    if (error instanceof TypeError) throw new LabUsageError(error.message);
    throw error;
  }
}

function nodeNumber(lab: Lab, word: string | undefined): number {
  return numberOf("a node is named by its number", word ?? "", 1, lab.nodes.length);
}

function numberOf(what: string, word: string, least: number, most: number): number {
  const number = Number(word);
  if (word === "" || !(number >= least && number <= most)) {
    throw new LabUsageError(`${what}, from ${least} to ${most} (is '${word}')`);
  }
  return number;
}

async function runProgramIn(
  lab: Lab,
  [where = ""]: readonly string[],
  rest: readonly string[],
): Promise<number> {
  const [program, ...args] = rest;
  if (program === undefined) {
    throw new LabUsageError("exec needs a place, a node's number or 'hub', and a program");
  }
  const command = where === "hub"
    ? lab.hubCommand(program, { args })
    : lab.nodeCommand(nodeNumber(lab, where), program, { args });
  const { code } = await command.spawn().status;
  return code;
}
