/**
 * Past usage of bots: measurements made for one reader are kept for others.
 *
 * @module
 */

import type { Usage, UsagePoint } from "../contract/events.ts";

/** Points that are kept of each bot: 7 KB. */
const MAX_POINTS = 300;
/** A bot that was not measured for this long is forgotten, in ms. */
const FORGET_MS = 24 * 3600_000;

/** Lists of numbers, which take the least memory. */
interface Points {
  /** When, in ms since the epoch. */
  readonly at: number[];
  /** Share of one processor since the point before; NaN for the first of a container. */
  readonly cpu: number[];
  /** Bytes. */
  readonly memory: number[];
}

/** Keeps points in memory. Where there are too many of a bot, every second of the older half goes. */
export class UsageHistory {
  readonly #bots = new Map<string, { readonly points: Points; last: Usage }>();

  /**
   * Adds measurements. One that is not newer than the last one of its bot is left out.
   *
   * @param usages The measurements at about the same time.
   */
  add(usages: readonly Usage[]): void {
    let latest = 0;
    for (const usage of usages) {
      if (usage.kind !== "bot") continue;
      latest = Math.max(latest, Date.parse(usage.time));
      this.#addOne(usage);
    }
    for (const [id, { last }] of this.#bots) {
      if (latest - Date.parse(last.time) > FORGET_MS) this.#bots.delete(id);
    }
  }

  /** Gives the points of a bot, the earliest first. @param id Id of the bot. */
  of(id: string): UsagePoint[] {
    const { at, cpu, memory } = this.#bots.get(id)?.points ?? { at: [], cpu: [], memory: [] };
    return at.map((ms, index) => ({
      time: new Date(ms).toISOString(),
      ...(!Number.isNaN(cpu[index]) && { cpu: cpu[index]! }),
      memoryBytes: memory[index]!,
    }));
  }

  #addOne(usage: Usage): void {
    const at = Date.parse(usage.time);
    const known = this.#bots.get(usage.id);
    const ms = known ? at - Date.parse(known.last.time) : NaN;
    if (ms <= 0) return;
    const isSame = known?.last.containerId === usage.containerId;
    const cpu = isSame ? Math.max(0, usage.cpuSeconds - known!.last.cpuSeconds) / (ms / 1000) : NaN;
    const points = known?.points ?? { at: [], cpu: [], memory: [] };
    points.at.push(at);
    points.cpu.push(cpu);
    points.memory.push(usage.memoryBytes);
    if (points.at.length > MAX_POINTS) Object.values(points).forEach(thin);
    this.#bots.set(usage.id, { points, last: usage });
  }
}

function thin(list: number[]): void {
  const older = list.splice(0, MAX_POINTS / 2);
  list.unshift(...older.filter((_, index) => index % 2 === 0));
}
