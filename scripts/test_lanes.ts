/**
 * Runs test processes side by side.
 *
 * @module
 */

/** How many run however busy the machine is. */
const MIN_LANES = 2;
/** Load of a processor above which no further lane begins a process: it would only take longer, and time limits with it. */
const MAX_LOAD = 3;
/** How often to look at the load, in ms. */
const LOAD_LOOK_MS = 2_000;

/**
 * Runs tests in their order, some side by side.
 *
 * @param tests Each runs one process.
 * @param lanes Number of processes side by side.
 * @param signal Ends the wait for a machine that is less busy.
 */
export async function runLanes(
  tests: readonly (() => Promise<unknown>)[],
  lanes: number,
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...tests];
  let running = 0;
  const runLane = async () => {
    while (true) {
      while (running >= MIN_LANES && waiting.length > 0 && isBusy() && !signal.aborted) {
        await new Promise((resolve) => setTimeout(resolve, LOAD_LOOK_MS));
      }
      const test = waiting.shift();
      if (test === undefined) return;
      running++;
      await test().finally(() => running--);
    }
  };
  await Promise.all(Array.from({ length: lanes }, runLane));
}

function isBusy(): boolean {
  return Deno.loadavg()[0]! > MAX_LOAD * navigator.hardwareConcurrency;
}
