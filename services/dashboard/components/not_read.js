/** Says that a panel is old, since when, and why. */

import { clockTime, exactTime } from "../text/format.js";
import { plainText } from "../text/plain_text.js";
import { html } from "./html.js";

/** @param late The result of `useRepeat`; nothing is shown without it. */
export function NotRead({ late }) {
  if (!late) return null;
  const { problem, readAt } = late;
  return html`
    <p class="problem-line warn" role="status">Not read ${readAt === undefined
      ? "yet"
      : html`since <time title=${exactTime(readAt)}>${clockTime(readAt)}</time>`}: ${plainText(
        problem.message,
        300,
      )}</p>
  `;
}
