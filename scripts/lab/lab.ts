/**
 * A cluster on one machine: nodes that are network namespaces with an engine each, joined to a Swarm, and a hub with
 * the servers that Berth needs.
 *
 * @module
 */

import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { formSwarm, untilSwarmComplete } from "./form_swarm.ts";
import { writeEngineSettings } from "./lab_engine.ts";
import { LabFaults } from "./lab_faults.ts";
import { prepareLabImages } from "./lab_images.ts";
import { type LabNode, type LabState, startMachine } from "./lab_machines.ts";
import { type LabServer, startRegistry, startServer } from "./lab_servers.ts";
import { clearRemains, exists, type LabLife, LabSpace } from "./lab_space.ts";

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

/** Folder of the labs. */
export const LAB_ROOT: string = Deno.env.get("BERTH_LAB_DIR") ||
  fileURLToPath(new URL("../../.berth/lab", import.meta.url));

const STATE = "lab.json";

/** The lab. Disposing takes it down: nothing of it is left. */
export class Lab extends LabFaults {
  /**
   * Makes a lab, and waits until its Swarm is complete.
   *
   * @param options See {@linkcode LabOptions}.
   */
  static async open(options: LabOptions): Promise<Lab> {
    const { name, nodes: count = 3, heartbeatSeconds = 5, servers = [], life = "down" } = options;
    await clearRemains(LAB_ROOT);
    const images = await prepareLabImages({ root: LAB_ROOT, ...options });
    const space = await LabSpace.open(join(LAB_ROOT, name), life);
    try {
      await startRegistry(space, join(images, "registry"));
      const nodes = await Promise.all(
        Array.from({ length: count }, (_, index) => describe(space, index + 1, count)),
      );
      const [environments] = await Promise.all([
        Promise.all(servers.map((server) => startServer(space, server))),
        ...nodes.map((node) => startMachine(space, node, images)),
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
   * @returns The lab; `undefined` if there is none, or it is not complete.
   */
  static async find(name: string): Promise<Lab | undefined> {
    const space = LabSpace.find(join(LAB_ROOT, name));
    if (!space || !exists(join(space.folder, STATE))) return undefined;
    const state: LabState = JSON.parse(await Deno.readTextFile(join(space.folder, STATE)));
    return new Lab(space, state);
  }

  /**
   * Takes down a lab, also one that is not complete.
   *
   * @param name Its name.
   * @returns Whether there was one.
   */
  static async takeDown(name: string): Promise<boolean> {
    const folder = join(LAB_ROOT, name);
    if (!exists(folder)) return false;
    const space = LabSpace.find(folder);
    if (space) await space.close();
    else await clearRemains(LAB_ROOT, name);
    return true;
  }

  /** Waits until the Swarm has all its nodes again after faults. */
  async untilComplete(): Promise<void> {
    await untilSwarmComplete(this.nodes);
  }

  /** Its name. */
  get name(): string {
    return basename(this.folder);
  }
}

async function describe(space: LabSpace, number: number, count: number): Promise<LabNode> {
  return {
    number,
    name: `node-${number}`,
    address: `10.77.0.${number}`,
    dockerHost: await writeEngineSettings(space.folder, number),
    isManager: number === 1 || count >= 3 && number <= 3,
  };
}
