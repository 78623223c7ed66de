/**
 * A server outside of a cluster to which bots send ticks, as they would send orders to an exchange.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import type { Lab } from "../../../scripts/lab/lab.ts";
import { until } from "../until.ts";

const PROGRAM = fileURLToPath(new URL("tick_server.py", import.meta.url));
const PORT = 7000;

/** A tick. */
export interface Tick {
  /** When it came, in ms since 1970. */
  readonly at: number;
  /** The bot. */
  readonly id: string;
  /** Epoch of the bot's lease. */
  readonly epoch: number;
  /** Name of the bot's machine. */
  readonly host: string;
}

/** The server. Disposing ends it. */
export class TickServer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #file: string;

  private constructor(child: Deno.ChildProcess, file: string) {
    this.#child = child;
    this.#file = file;
  }

  /**
   * Starts a server outside of a cluster.
   *
   * @param lab The cluster.
   * @param folder Folder of its file.
   */
  static async open(lab: Lab, folder: string): Promise<TickServer> {
    const file = `${folder}/ticks`;
    const child = lab.hubCommand("python3", { args: [PROGRAM, lab.outside, String(PORT), file] }).spawn();
    await until("the start of the tick server", () => Deno.stat(file).then(() => true, () => false));
    return new TickServer(child, file);
  }

  /**
   * The program of a bot that sends ticks.
   *
   * @param lab The cluster.
   */
  static program(lab: Lab): string {
    return `import os, socket, time
def main(id, config):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ticks:
        while True:
            tick = f"{id} {os.environ['LEASE_EPOCH']} {socket.gethostname()}"
            ticks.sendto(tick.encode(), ("${lab.outside}", ${PORT}))
            time.sleep(0.1)
`;
  }

  /** All ticks so far, in their order. */
  async ticks(): Promise<Tick[]> {
    const lines = (await Deno.readTextFile(this.#file)).split("\n").slice(0, -1);
    return lines.map((line) => {
      const [at, id = "", epoch, host = ""] = line.split(" ");
      return { at: Number(at), id, epoch: Number(epoch), host };
    });
  }

  /** {@inheritDoc AsyncDisposable} */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}

/**
 * Finds ticks of a copy that should have ended: those that came after one of a later epoch.
 *
 * @param ticks Ticks in their order.
 */
export function overlaps(ticks: readonly Tick[]): Tick[] {
  const latest = new Map<string, number>();
  return ticks.filter(({ id, epoch }) => {
    const before = latest.get(id) ?? 0;
    latest.set(id, Math.max(before, epoch));
    return epoch < before;
  });
}
