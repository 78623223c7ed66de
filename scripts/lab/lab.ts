/**
 * A cluster on one machine: nodes that are network namespaces with an engine each, joined to a Swarm, and a hub with
 * the servers that Berth needs. Faults are commands.
 *
 * @module
 */

import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../../tests/support/until.ts";
import { engineAnswers, writeEngineSettings } from "./lab_engine.ts";
import { prepareLabImages } from "./lab_images.ts";
import { type LabServer, type ServerEnvironment, startRegistry, startServer } from "./lab_servers.ts";
import { findProcess, killProcess } from "./lab_process.ts";
import { HUB, type LabLife, LabSpace, nodePid } from "./lab_space.ts";
import { formSwarm } from "./form_swarm.ts";

/** Options of {@linkcode Lab.open}. */
export interface LabOptions {
  /** Its name, which no other lab of the folder has. */
  readonly name: string;
  /** How many nodes, 1 to 9. Three and more have three managers, else there is one. @default {3} */
  readonly nodes?: number;
  /** How often nodes tell the Swarm that they live, in seconds. The engine's own default is 5. @default {5} */
  readonly heartbeatSeconds?: number;
  /** The servers of the hub. @default {[]} */
  readonly servers?: readonly LabServer[];
  /** How long it lives. @default {"down"} */
  readonly life?: LabLife;
  /** Names of the images that every node has. The engine of this machine must have them. */
  readonly images: readonly string[];
  /** Engine of this machine. */
  readonly dockerHost: string;
}

/** A machine of the lab. */
export interface LabNode {
  /** Its number, from 1. Its name is `node-` and the number. */
  readonly number: number;
  /** Its name, as the Swarm has it. */
  readonly name: string;
  /** Its address, which only the hub and the other nodes reach. */
  readonly address: string;
  /** Where its engine is: a socket, which everybody on this machine reaches. */
  readonly dockerHost: string;
  /** Whether it is a manager of the Swarm. */
  readonly isManager: boolean;
}

/** Folder of the labs. */
export const LAB_ROOT: string = Deno.env.get("BERTH_LAB_DIR") ||
  fileURLToPath(new URL("../../.berth/lab", import.meta.url));

/** The lab. Disposing takes it down: nothing of it is left. */
export class Lab implements AsyncDisposable {
  /** Folder of its state. */
  readonly folder: string;
  /** Address of the hub, for the nodes and their containers. */
  readonly hub: string = HUB;
  /** Its nodes, in the order of their numbers. */
  readonly nodes: readonly LabNode[];
  /** What a Berth in the hub needs in its environment to use the servers. */
  readonly serverEnv: ServerEnvironment;
  readonly #space: LabSpace;
  readonly #images: string;

  private constructor(space: LabSpace, { nodes, serverEnv, images }: LabState) {
    this.#space = space;
    this.folder = space.folder;
    this.nodes = nodes;
    this.serverEnv = serverEnv;
    this.#images = images;
  }

  /**
   * Makes a lab, and waits until its Swarm is complete.
   *
   * @param options See {@linkcode LabOptions}.
   */
  static async open(options: LabOptions): Promise<Lab> {
    const { name, nodes: count = 3, heartbeatSeconds = 5, servers = [], life = "down" } = options;
    const images = await prepareLabImages({ root: LAB_ROOT, ...options });
    const space = await LabSpace.open(join(LAB_ROOT, name), life);
    try {
      await startRegistry(space, join(images, "registry"));
      const nodes: LabNode[] = [];
      for (let number = 1; number <= count; number++) {
        const dockerHost = await writeEngineSettings(space.folder, number);
        const isManager = number === 1 || count >= 3 && number <= 3;
        nodes.push({ number, name: `node-${number}`, address: `10.77.0.${number}`, dockerHost, isManager });
      }
      const start = async (node: LabNode) => {
        await space.startNode(node.number, images);
        await untilEngine(space, node);
      };
      const [environments] = await Promise.all([
        Promise.all(servers.map((server) => startServer(space, server))),
        ...nodes.map(start),
      ]);
      await formSwarm(nodes, heartbeatSeconds);
      const state = { nodes, serverEnv: Object.assign({}, ...environments), images };
      await Deno.writeTextFile(join(space.folder, STATE), JSON.stringify(state));
      return new Lab(space, state);
    } catch (error) {
      await space.close();
      throw error;
    }
  }

  /**
   * Finds a lab that was made before.
   *
   * @param name Its name.
   * @returns The lab; `undefined` if there is none.
   */
  static async find(name: string): Promise<Lab | undefined> {
    const space = LabSpace.find(join(LAB_ROOT, name));
    if (!space) return undefined;
    try {
      return new Lab(space, JSON.parse(await Deno.readTextFile(join(space.folder, STATE))));
    } catch (error) {
      // It is being made.
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Its name. */
  get name(): string {
    return basename(this.folder);
  }

  /** The engines of the managers. */
  get managers(): string[] {
    return this.nodes.filter(({ isManager }) => isManager).map(({ dockerHost }) => dockerHost);
  }

  /** A node. @param number Its number. @throws {Error} If there is none with it. */
  node(number: number): LabNode {
    const node = this.nodes[number - 1];
    if (!node) throw new Error(`The lab has no node ${number}: it has ${this.nodes.length}`);
    return node;
  }

  /** Whether a node is switched on. @param number Its number. */
  isOn(number: number): boolean {
    return findProcess(this.folder, nodePid(this.node(number).number)) !== undefined;
  }

  /**
   * A command that runs in the network of the hub, as Berth does: it reaches the servers there and is reached by the
   * nodes. It sees the files, sockets and processes of this machine. Whatever is left of it ends with the lab.
   *
   * @param program The program.
   * @param options How it runs.
   */
  hubCommand(program: string, options: Deno.CommandOptions = {}): Deno.Command {
    return this.#space.hubCommand(program, options);
  }

  /**
   * A command that runs on a node: with its network, files, name and processes.
   *
   * @param number The number of the node.
   * @param program The program.
   * @param options How it runs.
   */
  nodeCommand(number: number, program: string, options: Deno.CommandOptions = {}): Deno.Command {
    const pid = findProcess(this.folder, nodePid(this.node(number).number));
    if (pid === undefined) throw new Error(`Node ${number} of the lab is switched off`);
    return new Deno.Command("nsenter", {
      ...options,
      args: [`--target=${pid}`, "--net", "--mount", "--uts", "--pid", program, ...options.args ?? []],
    });
  }

  /** Switches a node off, as a power cut does: everything on it is gone at once. @param number Its number. */
  async powerOff(number: number): Promise<void> {
    await this.#space.stopNode(this.node(number).number);
  }

  /** Switches a node on again, with the disk that it had. @param number Its number. */
  async powerOn(number: number): Promise<void> {
    const node = this.node(number);
    if (this.isOn(number)) return;
    await this.#space.startNode(number, this.#images);
    await untilEngine(this.#space, node);
  }

  /** Unplugs a node: it runs on and reaches nobody. @param number Its number. */
  async partition(number: number): Promise<void> {
    await this.#space.changeNetwork("link", "set", this.node(number).name.replace("-", ""), "down");
  }

  /** Plugs a node in again. @param number Its number. */
  async heal(number: number): Promise<void> {
    await this.#space.changeNetwork("link", "set", this.node(number).name.replace("-", ""), "up");
  }

  /**
   * Sends a signal to a server of the hub: SIGSTOP lets it hang, SIGCONT go on, SIGKILL ends it.
   *
   * @param server The server.
   * @param signal The signal.
   */
  async signalServer(server: LabServer | "registry", signal: Deno.Signal): Promise<void> {
    const file = `${server}.pid`;
    if (signal === "SIGKILL") return await killProcess(this.folder, file);
    const pid = findProcess(this.folder, file);
    if (pid === undefined) throw new Error(`The lab's ${server} does not run`);
    Deno.kill(pid, signal);
  }

  /** Starts a server of the hub, again with the data that it had. @param server The server. */
  async startServer(server: LabServer): Promise<ServerEnvironment> {
    return await startServer(this.#space, server);
  }

  /** Takes the lab down. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#space.close();
  }
}

interface LabState {
  readonly nodes: readonly LabNode[];
  readonly serverEnv: ServerEnvironment;
  /** Folder of the images. */
  readonly images: string;
}

const STATE = "lab.json";

async function untilEngine(space: LabSpace, { number, dockerHost }: LabNode): Promise<void> {
  await until(`the engine of node ${number}`, async () => {
    if (await engineAnswers(dockerHost)) return true;
    if (findProcess(space.folder, nodePid(number)) !== undefined || !await hasStarted(space, number)) {
      return false;
    }
    const said = await Deno.readTextFile(join(space.folder, `node-${number}`, "log")).catch(() => "");
    throw new Error(`The engine of node ${number} ended at its start: ${said.slice(-1000)}`);
  });
}

async function hasStarted(space: LabSpace, number: number): Promise<boolean> {
  return await Deno.stat(join(space.folder, nodePid(number))).then(() => true, () => false);
}
