/** A small curve. */

import { html } from "./html.js";

const WIDTH = 100;
const HEIGHT = 24;

/**
 * @param values The values, the oldest first. @param label A description, for screen readers. @param fromZero Whether 0
 * is the bottom.
 */
export function Spark({ values, label, fromZero = false }) {
  if (values.length < 2) return null;
  const low = fromZero ? 0 : Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const step = WIDTH / (values.length - 1);
  const line = values.map((value, at) =>
    `${at === 0 ? "M" : "L"}${(at * step).toFixed(1)} ${
      (HEIGHT - 2 - ((value - low) / span) * (HEIGHT - 4)).toFixed(1)
    }`
  ).join("");
  return html`
    <svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img"
      aria-label=${label}>
      <path class="area" d="${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z" />
      <path d=${line} />
    </svg>
  `;
}
