/** Times: relative on screen, exact in the title. */

import { nowFor } from "../store/now.js";
import { duration, exactTime } from "../text/format.js";
import { html } from "./html.js";

/** How long something has lasted, for example `6 min`. @param at RFC 3339. */
export function Age({ at }) {
  const ms = Date.parse(at);
  return html`<time datetime=${at} title=${exactTime(ms)}>${duration(nowFor(ms) - ms)}</time>`;
}

/** When something happens: `in 2 min`, or `now`. @param at RFC 3339. */
export function Wait({ at }) {
  const ms = Date.parse(at);
  const left = ms - nowFor(ms);
  return html`<time datetime=${at} title=${exactTime(ms)}>${
    left > 0 ? `in ${duration(left)}` : "now"
  }</time>`;
}
