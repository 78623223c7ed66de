/**
 * Faults of the machines of a lab, their cables, clocks and servers.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LabMachines } from "./lab_machines.ts";
import { findProcess, killProcess } from "./lab_process.ts";
import { type LabServer, type ServerEnvironment, startServer } from "./lab_servers.ts";
import { cgroupOf } from "./lab_space.ts";

const SLOW_LINK = fileURLToPath(new URL("slow_link.py", import.meta.url));
const NODE_CLOCK = fileURLToPath(new URL("node_clock.py", import.meta.url));

/** The machines of a lab, and faults. {@linkcode LabFaults.heal} ends the faults of a node. */
export class LabFaults extends LabMachines {
  /** Unplugs a node: it runs on and reaches nobody. @param number Its number. */
  async partition(number: number): Promise<void> {
    await this.space.changeNetwork("link", "set", this.#portOf(number), "down");
  }

  /**
   * Cuts a node off from the hub, and so from Berth and its servers, while the nodes reach each other: the Swarm sees
   * nothing of it.
   *
   * @param number Its number.
   */
  async cutFromHub(number: number): Promise<void> {
    await this.space.changeNetwork("route", "replace", "blackhole", this.node(number).address);
  }

  /**
   * Makes the cable of a node slow.
   *
   * @param number Its number.
   * @param milliseconds Time that each packet takes longer, each way, in ms.
   */
  async slow(number: number, milliseconds: number): Promise<void> {
    await this.#endSlow(number);
    const [port, near, far] = [this.#portOf(number), `near${number}`, `far${number}`];
    const change = (...args: string[]) => this.space.changeNetwork(...args);
    await change("link", "add", near, "type", "veth", "peer", "name", far);
    await change("link", "set", far, "master", "hub", "up");
    await change("link", "set", near, "up");
    // The hub must not answer there itself.
    await change("link", "set", near, "arp", "off");
    await change("link", "set", port, "arp", "off", "nomaster");
    await runInside(this.hubCommand("python3", { args: [SLOW_LINK, "plain", far] }));
    await runInside(this.nodeCommand(number, "python3", { args: [SLOW_LINK, "plain", "eth0"] }));
    const relay = ["python3", SLOW_LINK, "relay", port, near, String(milliseconds), this.folder];
    await this.space.start(`slow-${number}`, relay);
  }

  /**
   * Lets the clock of a node's containers run at another speed: `/proc/uptime`, by which supervisors measure.
   *
   * @param number Its number.
   * @param rate Its speed: 1.1 runs ten per cent fast.
   */
  async clock(number: number, rate: number): Promise<void> {
    await killProcess(this.folder, `clock-${number}.pid`);
    const folder = join(this.folder, `node-${number}`);
    const group = `/${cgroupOf(this.folder)}/${this.node(number).name}`;
    // With a /proc that numbers processes as the control groups do for it.
    const command = [
      "unshare",
      "--mount",
      "--mount-proc",
      "python3",
      NODE_CLOCK,
      folder,
      group,
      String(rate),
    ];
    await this.space.start(`clock-${number}`, command);
  }

  /**
   * Ends what {@linkcode LabFaults.partition}, {@linkcode LabFaults.cutFromHub}, {@linkcode LabFaults.slow} and
   * {@linkcode LabFaults.clock} began. Containers whose clock was changed go on with the right one.
   *
   * @param number Number of the node.
   */
  async heal(number: number): Promise<void> {
    await this.#endSlow(number);
    await this.space.changeNetwork("route", "flush", "type", "blackhole", "to", this.node(number).address);
    if (findProcess(this.folder, `clock-${number}.pid`) !== undefined) await this.clock(number, 1);
    if (this.isOn(number)) await this.space.changeNetwork("link", "set", this.#portOf(number), "up");
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
    return await startServer(this.space, server);
  }

  #portOf(number: number): string {
    return `node${this.node(number).number}`;
  }

  async #endSlow(number: number): Promise<void> {
    if (findProcess(this.folder, `slow-${number}.pid`) === undefined) return;
    await killProcess(this.folder, `slow-${number}.pid`);
    await this.space.changeNetwork("link", "del", `near${number}`);
    if (this.isOn(number)) {
      await this.space.changeNetwork("link", "set", this.#portOf(number), "master", "hub");
    }
  }
}

async function runInside(command: Deno.Command): Promise<void> {
  const { success, stderr } = await command.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}
