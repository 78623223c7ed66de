/** Notices streams that have gone silent: a connection that is broken in the middle tells neither side. */

/** The service sends something in each stream every 15 s; without anything for this long it is dead, in ms. */
export const DEAD_MS = 35_000;
/** How often to check for that, in ms. */
export const LOOK_MS = 5000;

/**
 * Watches a stream while it is used.
 *
 * @param use Uses it: gets a signal that aborts when it is dead, and `heard()`, to be called whenever something arrives.
 */
export async function untilSilent(use) {
  const dead = new AbortController();
  let heardAt = Date.now();
  const timer = setInterval(() => Date.now() - heardAt > DEAD_MS && dead.abort(), LOOK_MS);
  try {
    return await use(dead.signal, () => heardAt = Date.now());
  } finally {
    clearInterval(timer);
  }
}
