/**
 * Figures of benchmarks.
 *
 * @module
 */

/** Clock ticks a second in `/proc`, on every architecture that Berth runs on. */
const TICKS = 100;

/** Returns the median of some values; that of an even number of them is the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** Returns the processor time that a process has used so far, in seconds. @param pid Its id. */
export async function processorSeconds(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
