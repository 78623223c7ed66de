/**
 * The only ways in which a test waits: for a condition, or, where there is none, for a time that has a reason.
 *
 * @module
 */

/** The longest wait between two looks, in ms. */
const LONGEST_STEP_MS = 100;

/**
 * Waits until something holds.
 *
 * @param what The awaited thing, for the error's message.
 * @param check Whether it holds.
 * @param limitMs When to give up, in ms.
 * @throws {Error} If it does not hold in time.
 */
export async function until(
  what: string,
  check: () => Promise<boolean> | boolean,
  limitMs = 60_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  for (let stepMs = 1; !(await check()); stepMs = Math.min(2 * stepMs, LONGEST_STEP_MS)) {
    if (performance.now() > end) throw new Error(`${what} did not happen within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
}

/**
 * Waits until a number stops growing: it is the same after a while.
 *
 * @param what The name of what grows, for the error's message.
 * @param read The number.
 * @param whileMs How long it must stay the same, in ms.
 * @param limitMs When to give up, in ms.
 * @returns The number.
 * @throws {Error} If it goes on growing.
 */
export async function untilSteady(
  what: string,
  read: () => Promise<number> | number,
  whileMs = 100,
  limitMs = 60_000,
): Promise<number> {
  let [before, now] = [NaN, await read()];
  await until(`the end of ${what}`, async () => {
    before = now;
    await pause(whileMs, "it may grow meanwhile");
    now = await read();
    return now === before;
  }, limitMs);
  return now;
}

/**
 * Lets time pass: between two acts of a test, or while nothing may happen.
 *
 * @param ms How much, in ms.
 * @param _reason Why there is no condition to wait for.
 */
export function pause(ms: number, _reason: string): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
