/** How the last runs ended: a shape each, and the sum in words. */

import { html } from "../components/html.js";
import { groupOf, stateWord } from "../text/states.js";
import { SHOWN } from "./recent_runs.js";

const STEP = 5;
const HEIGHT = 16;

/** Shapes by group: a bar, a peak, a low bar, a frame. */
const SHAPES = {
  running: (x) => `M${x} 1h3v14h-3z`,
  failing: (x) => `M${x - 1} 15h5l-2.5-14z`,
  disabled: (x) => `M${x} 11h3v4h-3z`,
  waiting: (x) => `M${x} 5h3v10h-3zM${x + 1} 6v8h1v-8z`,
};

/** @param runs The runs, the earliest first. */
export function Strip({ runs }) {
  if (runs.length === 0) return html`<span class="faint">never ran</span>`;
  const paths = {};
  runs.forEach(({ state }, at) => {
    const group = groupOf(state);
    paths[group] = (paths[group] ?? "") + SHAPES[group](at * STEP + 1);
  });
  const words = wordsOf(runs);
  return html`
    <span class="strip">
      <svg viewBox="0 0 ${SHOWN * STEP} ${HEIGHT}" role="img" aria-label=${`The last ${runs.length} runs`}>
        ${Object.entries(paths).map(([group, d]) => html`<path key=${group} class=${group} d=${d} />`)}
      </svg>
      <small>${words}</small>
    </span>
  `;
}

function wordsOf(runs) {
  const counts = [...Map.groupBy(runs, ({ state }) => state)].map(([state, { length }]) => ({
    state,
    length,
  }));
  return counts.sort((a, b) => b.length - a.length)
    .map(({ state, length }) => `${length} ${stateWord(state).toLowerCase()}`).join(", ");
}
