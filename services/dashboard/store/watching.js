/**
 * Whether somebody looks. Streams are open only then: a browser has six connections for all pages of a service, and pages
 * that nobody looks at would take them from those that somebody works with.
 */

/** How long a hidden page keeps its streams, in ms. */
const HIDDEN_MS = 5000;

let ending = new AbortController();
let back = Promise.withResolvers();
let timer;

function onChange() {
  clearTimeout(timer);
  if (document.hidden) {
    timer = setTimeout(() => ending.abort(), HIDDEN_MS);
    return;
  }
  if (!ending.signal.aborted) return;
  ending = new AbortController();
  back.resolve();
  back = Promise.withResolvers();
}

/**
 * Waits until somebody looks at the page.
 *
 * @returns Aborts when the page has been hidden for some seconds.
 */
export async function untilWatched() {
  while (ending.signal.aborted) await back.promise;
  return ending.signal;
}

document.addEventListener("visibilitychange", onChange);
onChange();
