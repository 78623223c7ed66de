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
  /** The bot, or the schedule. */
  readonly id: string;
  /** Epoch of the bot's lease. */
  readonly epoch: number;
  /** Name of the bot's machine. */
  readonly host: string;
  /** Which tick of its copy it is, from 1. */
  readonly number: number;
  /** The slot of the run that sent it; absent for a bot. */
  readonly slot?: string;
}

/** The server. Disposing ends it. */
export class TickServer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #file: Deno.FsFile;
  readonly #ticks: Tick[] = [];
  readonly #decoder = new TextDecoder();
  #rest = "";

  private constructor(child: Deno.ChildProcess, file: Deno.FsFile) {
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
    return new TickServer(child, await Deno.open(file));
  }

  /**
   * The program of a bot that sends ticks. As a run of a schedule it ends after some of them.
   *
   * @param lab The cluster.
   * @param options Time between two, in s; how many a run sends; whether it prints `tick EPOCH NUMBER` for each.
   */
  static program(
    lab: Lab,
    { everySeconds = 0.1, ofRun = 10, prints = false }: {
      readonly everySeconds?: number;
      readonly ofRun?: number;
      readonly prints?: boolean;
    } = {},
  ): string {
    return `import itertools, os, socket, time
def main(id, config):
    epoch, slot = os.environ["LEASE_EPOCH"], os.environ.get("SLOT", "")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ticks:
        for number in range(1, ${ofRun + 1}) if slot else itertools.count(1):
            tick = f"{id} {epoch} {socket.gethostname()} {number} {slot}"
            ticks.sendto(tick.encode(), ("${lab.outside}", ${PORT}))
            ${prints ? 'print("tick", epoch, number, flush=True)' : "pass"}
            time.sleep(${everySeconds})
`;
  }

  /** All ticks so far, in their order. */
  async ticks(): Promise<readonly Tick[]> {
    const buffer = new Uint8Array(65_536);
    for (let length; (length = await this.#file.read(buffer)) !== null;) {
      const lines = (this.#rest + this.#decoder.decode(buffer.subarray(0, length), { stream: true })).split(
        "\n",
      );
      this.#rest = lines.pop()!;
      this.#ticks.push(...lines.map(parseTick));
    }
    return this.#ticks;
  }

  /** {@inheritDoc AsyncDisposable} */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#file.close();
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}

/**
 * Finds ticks of a copy that should have ended: those that came after one of a later epoch.
 *
 * @param ticks Ticks of bots in their order.
 */
export function overlaps(ticks: readonly Tick[]): Tick[] {
  const latest = new Map<string, number>();
  return ticks.filter(({ id, epoch }) => {
    const before = latest.get(id) ?? 0;
    latest.set(id, Math.max(before, epoch));
    return epoch < before;
  });
}

/**
 * The shortest time from the last tick of a copy to the first one of the next, in ms: below 0 if copies overlap.
 *
 * @param ticks Ticks of bots in their order.
 */
export function shortestGap(ticks: readonly Tick[]): number {
  const [first, last] = [new Map<string, number>(), new Map<string, number>()];
  for (const { at, id, epoch } of ticks) {
    const copy = `${id} ${epoch}`;
    if (!first.has(copy)) first.set(copy, at);
    last.set(copy, at);
  }
  const gaps = ticks.filter(({ id, epoch, at }) => first.get(`${id} ${epoch}`) === at).flatMap(
    ({ id, epoch, at }) => {
      for (let before = epoch - 1; before > 0; before--) {
        const ended = last.get(`${id} ${before}`);
        if (ended !== undefined) return at - ended;
      }
      return [];
    },
  );
  return Math.min(...gaps);
}

function parseTick(line: string): Tick {
  const [at, id = "", epoch, host = "", number, slot] = line.split(" ");
  return { at: Number(at), id, epoch: Number(epoch), host, number: Number(number), ...(slot && { slot }) };
}
