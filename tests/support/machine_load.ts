/**
 * How busy this machine is, for the figures that long tests print.
 *
 * @module
 */

/**
 * Begins to measure.
 *
 * @returns A text that says what part of all processors was busy since, such as `93 % of 2 cores`.
 */
export function measureLoad(): () => string {
  const before = readTimes();
  return () => {
    const after = readTimes();
    const all = after.all - before.all;
    const share = all > 0 ? 1 - (after.idle - before.idle) / all : 0;
    return `${Math.round(share * 100)} % of ${navigator.hardwareConcurrency} cores`;
  };
}

function readTimes(): { readonly all: number; readonly idle: number } {
  const [, ...times] = Deno.readTextFileSync("/proc/stat").split("\n")[0]!.trim().split(/ +/);
  // user, nice, system, idle, iowait, irq, softirq, steal: what follows is counted in the first two.
  const numbers = times.slice(0, 8).map(Number);
  return { all: numbers.reduce((sum, each) => sum + each, 0), idle: numbers[3]! + numbers[4]! };
}
