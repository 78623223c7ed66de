/** Announces something to users of screen readers. One thing at a time, and not the same twice. */

import { signal } from "@preact/signals";
import { html } from "./html.js";

const said = signal("");
const PAUSE_MS = 1000;
let timer;

/** Says something; of several within a second, the last. */
export function say(text) {
  clearTimeout(timer);
  timer = setTimeout(() => said.value = text, PAUSE_MS);
}

/** The live region. A page has one. */
export function LiveRegion() {
  return html`<div class="hidden-label" role="status" aria-live="polite">${said}</div>`;
}
