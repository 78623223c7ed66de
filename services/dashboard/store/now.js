/** The time, as signals: a part that shows an age is rendered again when the age changes. */

import { signal } from "@preact/signals";

/** Changes every second while the page is visible. */
export const now = signal(Date.now());
/** Changes every half minute. */
export const nowCoarse = signal(Date.now());

const COARSE_MS = 30_000;

/** Ages and waits below this many ms are shown to the second. */
const SECONDS_MATTER_MS = 100_000;

/** The time, which changes as often as an age or a wait of `from` needs. */
export const nowFor = (from) =>
  Math.abs(nowCoarse.value - from) < SECONDS_MATTER_MS ? now.value : nowCoarse.value;

function tick() {
  if (document.hidden) return;
  now.value = Date.now();
  if (now.value - nowCoarse.value >= COARSE_MS) nowCoarse.value = now.value;
}

setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
