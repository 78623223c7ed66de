/** Asks before something that may cost money or data. One question at a time, in the middle of the page. */

import { signal } from "@preact/signals";
import { Dialog } from "./dialog.js";
import { html } from "./html.js";

const question = signal(undefined);

/**
 * Asks.
 *
 * @param title What will be done, as a question. @param text What follows from it. @param action Name of the button.
 * @param isDanger Whether it may cost data.
 * @returns Whether the person wants it.
 */
export function confirmed({ title, text, action, isDanger = false }) {
  const { promise, resolve } = Promise.withResolvers();
  question.value = { title, text, action, isDanger, resolve };
  return promise;
}

/** The place of the question. It is there once. */
export function ConfirmDialog() {
  if (!question.value) return null;
  const { title, text, action, isDanger, resolve } = question.value;
  const answer = (isWanted) => {
    question.value = undefined;
    resolve(isWanted);
  };
  return html`
    <${Dialog} title=${title} onClose=${() => answer(false)}>
      <p>${text}</p>
      <div class="row">
        <button onClick=${() => answer(false)}>Cancel</button>
        <button class=${isDanger ? "primary danger" : "primary"} onClick=${() =>
          answer(true)}>${action}</button>
      </div>
      <//>
  `;
}
