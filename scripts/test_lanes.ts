/**
 * Runs test processes side by side.
 *
 * @module
 */
import { cpus } from "node:os";

/** How many run however busy the machine is, unless fewer may. */
const MIN_RUNNING = 2;
/** Part of the processors' time that has to be idle for one more to begin: it would only take from the others. */
const MIN_IDLE = 0.1;
/** For how long the processors are looked at before another one begins, in ms. */
const LOOK_MS = 1_000;

/**
 * Runs tests in their order, as many side by side as keep the processors busy.
 *
 * @param tests Each runs one process.
 * @param most The largest number of processes side by side.
 * @param signal Ends the wait for a machine that is less busy.
 */
export async function runLanes(
  tests: readonly (() => Promise<unknown>)[],
  most: number,
  signal: AbortSignal,
): Promise<void> {
  const running = new Set<Promise<unknown>>();
  const least = Math.min(MIN_RUNNING, most);
  for (const test of tests) {
    while (running.size >= least && !signal.aborted) {
      if (running.size < most && await idlePart() >= MIN_IDLE) break;
      if (running.size >= most) await Promise.race(running);
    }
    const run = test().finally(() => running.delete(run));
    running.add(run);
  }
  await Promise.all(running);
}

/** Measures which part of the processors' time is idle. */
async function idlePart(): Promise<number> {
  const before = processorTimes();
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  const after = processorTimes();
  return (after.idle - before.idle) / Math.max(after.all - before.all, 1);
}

function processorTimes(): { idle: number; all: number } {
  const times = cpus().map(({ times }) => times);
  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
  return {
    idle: sum(times.map(({ idle }) => idle)),
    all: sum(times.flatMap((each) => Object.values(each))),
  };
}
