/**
 * The machines of a lab that is there: what runs on them, and their power.
 *
 * @module
 */

import { join } from "node:path";
import { until } from "../../tests/support/until.ts";
import { openDoor } from "./lab_door.ts";
import { engineAnswers } from "./lab_engine.ts";
import { findProcess } from "./lab_process.ts";
import type { ServerEnvironment } from "./lab_servers.ts";
import { HUB, type LabSpace, nodePid, OUTSIDE } from "./lab_space.ts";

/** A machine of a lab. */
export interface LabNode {
  /** Its number, from 1. */
  readonly number: number;
  /** Its name, as the Swarm has it: `node-` and the number. */
  readonly name: string;
  /** Its address, which only the hub and the other nodes reach. */
  readonly address: string;
  /** Where its engine is: a socket, which everybody on this machine reaches. */
  readonly dockerHost: string;
  /** Whether it is a manager of the Swarm. */
  readonly isManager: boolean;
}

/** The known facts about a lab. */
export interface LabState {
  readonly nodes: readonly LabNode[];
  /** See {@linkcode LabMachines.serverEnv}. */
  readonly serverEnv: ServerEnvironment;
  /** Folder of the images. */
  readonly images: string;
}

/** The machines. */
export class LabMachines implements AsyncDisposable {
  /** Folder of the lab's state. */
  readonly folder: string;
  /** Address of the hub, for the nodes and their containers. */
  readonly hub: string = HUB;
  /** Its address for what is outside of the cluster, such as an exchange: nodes reach it also when they are unplugged. */
  readonly outside: string = OUTSIDE;
  /** The nodes, in the order of their numbers. */
  readonly nodes: readonly LabNode[];
  /** The environment with which a Berth in the hub uses the servers. */
  readonly serverEnv: ServerEnvironment;
  /** Namespaces of the lab. */
  protected readonly space: LabSpace;
  readonly #images: string;
  readonly #doors = new AsyncDisposableStack();

  /** @param space Its namespaces. @param state The facts about it. */
  protected constructor(space: LabSpace, { nodes, serverEnv, images }: LabState) {
    this.space = space;
    this.folder = space.folder;
    this.nodes = nodes;
    this.serverEnv = serverEnv;
    this.#images = images;
  }

  /** Addresses of the engines of the managers. */
  get managers(): string[] {
    return this.nodes.filter(({ isManager }) => isManager).map(({ dockerHost }) => dockerHost);
  }

  /** A node. @param number Its number. @throws {Error} If there is none with it. */
  node(number: number): LabNode {
    const node = this.nodes[number - 1];
    if (!node) throw new Error(`The lab has no node ${number}: its nodes are 1 to ${this.nodes.length}`);
    return node;
  }

  /** Whether a node is switched on. @param number Its number. */
  isOn(number: number): boolean {
    return this.#pidOf(number) !== undefined;
  }

  /**
   * A command that runs in the network of the hub, as Berth does: it reaches the servers there and is reached by the
   * nodes. It sees the files, sockets and processes of this machine. All of its processes end with the lab.
   *
   * @param program The program.
   * @param options How it runs.
   */
  hubCommand(program: string, options: Deno.CommandOptions = {}): Deno.Command {
    return this.space.hubCommand(program, options);
  }

  /**
   * A command that runs on a node: with its network, files, name and processes.
   *
   * @param number The number of the node.
   * @param program The program.
   * @param options How it runs.
   */
  nodeCommand(number: number, program: string, options: Deno.CommandOptions = {}): Deno.Command {
    const pid = this.#pidOf(number);
    if (pid === undefined) throw new Error(`Node ${number} of the lab is switched off`);
    const args = [`--target=${pid}`, "--net", "--mount", "--uts", "--pid", program, ...options.args ?? []];
    return new Deno.Command("nsenter", { ...options, args });
  }

  /**
   * Opens a tunnel from this process to a server of the lab's network. It closes with the lab.
   *
   * @param port Port of the server.
   * @param host Its address. @default {the hub}
   * @returns `host:port` for this process.
   */
  async reach(port: number, host: string = HUB): Promise<string> {
    return this.#doors.use(await openDoor(this.space, host, port)).address;
  }

  /** Switches a node off, as a power cut does: everything on it is gone at once. @param number Its number. */
  async powerOff(number: number): Promise<void> {
    await this.space.stopNode(this.node(number).number);
  }

  /** Switches a node on again, with the disk that it had. @param number Its number. */
  async powerOn(number: number): Promise<void> {
    if (this.isOn(number)) return;
    await startMachine(this.space, this.node(number), this.#images);
  }

  /** Takes the lab down. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#doors.disposeAsync();
    await this.space.close();
  }

  #pidOf(number: number): number | undefined {
    return findProcess(this.folder, nodePid(this.node(number).number));
  }
}

/**
 * Switches a machine on, and waits until its engine answers.
 *
 * @param space The namespaces of its lab.
 * @param node The machine.
 * @param images Folder of the images.
 */
export async function startMachine(space: LabSpace, node: LabNode, images: string): Promise<void> {
  const { number, dockerHost } = node;
  await space.startNode(number, images);
  await until(`the engine of node ${number}`, async () => {
    if (await engineAnswers(dockerHost)) return true;
    // In this order: it may start in between.
    if (!await hasStarted(space, number) || findProcess(space.folder, nodePid(number)) !== undefined) {
      return false;
    }
    const said = await Deno.readTextFile(join(space.folder, `node-${number}`, "log")).catch(() => "");
    throw new Error(`The engine of node ${number} ended at its start: ${said.slice(-1000)}`);
  });
}

async function hasStarted(space: LabSpace, number: number): Promise<boolean> {
  return await Deno.stat(join(space.folder, nodePid(number))).then(() => true, () => false);
}
