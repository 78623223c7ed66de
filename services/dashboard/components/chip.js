/** A state, as shape and word. */

import { groupOf, stateWord } from "../text/states.js";
import { html } from "./html.js";

/** @param state State of a bot, a schedule or a run. @param title Further text. */
export const StateChip = ({ state, title }) =>
  html`<span class=${`chip ${groupOf(state)}`} title=${title}>${stateWord(state)}</span>`;
