/** Asks before something that may cost money or data. One question at a time, in the middle of the page. */

import { signal } from "@preact/signals";
import { Dialog } from "./dialog.js";
import { html } from "./html.js";

const MAX_REASON = 500;

const question = signal(undefined);

/**
 * Asks.
 *
 * @param title The action, as a question. @param text Its consequences. @param action Name of the button.
 * @param isDanger Whether it may cost data. @param reason The question for a reason; absent if no reason is needed.
 * @returns Whether the person wants it: the reason if one is needed, else `true`; `false` if not.
 */
export function confirmed({ title, text, action, isDanger = false, reason }) {
  const { promise, resolve } = Promise.withResolvers();
  question.value = { title, text, action, isDanger, reason, resolve };
  return promise;
}

/** Shows the question. A page has one. */
export function ConfirmDialog() {
  if (!question.value) return null;
  const { title, text, action, isDanger, reason, resolve } = question.value;
  const answer = (given) => {
    question.value = undefined;
    resolve(given);
  };
  const submit = (event) => {
    event.preventDefault();
    answer(reason === undefined || event.target.elements.reason.value.trim() || false);
  };
  return html`
    <${Dialog} title=${title} onClose=${() => answer(false)}>
      <form onSubmit=${submit}>
        <p>${text}</p>
        ${reason !== undefined && html`
          <label class="field">${reason}
            <input name="reason" required maxlength=${MAX_REASON} pattern=".*\\S.*" autocomplete="off" /></label>
        `}
        <div class="row">
          <button type="button" onClick=${() => answer(false)}>Cancel</button>
          <button class=${isDanger ? "primary danger" : "primary"}>${action}</button>
        </div>
      </form>
      <//>
  `;
}
