/** Says that the session is over, and goes on when there is a new one. Nothing that was typed or asked is lost. */

import { useSignal } from "@preact/signals";
import { Dialog } from "../components/dialog.js";
import { html } from "../components/html.js";
import { giveUp, logIn, waiting } from "../store/session.js";

export function LoginDialog() {
  const link = useSignal("");
  const problem = useSignal("");
  if (waiting.value === undefined) return null;
  const actions = waiting.value;
  const submit = async (event) => {
    event.preventDefault();
    problem.value = await logIn(link.value)
      ? ""
      : "This link is wrong, used or over. Run berth dashboard again for a new one.";
    if (problem.value === "") link.value = "";
  };
  return html`
    <${Dialog} title="Your session is over" onClose=${giveUp}>
      <form onSubmit=${submit}>
        <p>
          Run <code>berth dashboard</code> on the machine of the service. Open the link that it prints in another tab of
          this browser, or paste it here. This page then goes on where it is.
        </p>
        ${actions.length > 0 &&
          html`<p><strong>Not done yet:</strong> ${
            actions.join("; ")
          }. It is done when you are logged in.</p>`}
        <label class="hidden-label" for="login-link">Link or code</label>
        <input id="login-link" autocomplete="off" spellcheck="false" placeholder="Link of berth dashboard"
          value=${link} onInput=${(event) => link.value = event.target.value} />
        <p class="bad" role="alert">${problem}</p>
        <div class="row">
          ${actions.length > 0 && html`<button type="button" onClick=${giveUp}>Do not do it</button>`}
          <button class="primary">Log in</button>
        </div>
      </form>
      <//>
  `;
}
