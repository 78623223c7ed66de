/** The list of keys. */

import { Dialog } from "../components/dialog.js";
import { html } from "../components/html.js";
import { isHelpOpen } from "./keys.js";
import { PAGES } from "./routes.js";

export function HelpDialog() {
  if (!isHelpOpen.value) return null;
  const close = () => isHelpOpen.value = false;
  const rows = [
    [["/"], "Find"],
    ...PAGES.map(({ key, title }) => [["g", key], `Go to ${title}`]),
    [["j"], "Next row"],
    [["k"], "Row before"],
    [["Enter"], "Open the row"],
    [["o"], "Show the last lines of the row"],
    [["p"], "Pause or follow the log"],
    [["Esc"], "Back"],
    [["?"], "This list"],
  ];
  return html`
    <${Dialog} title="Keys" onClose=${close}>
      <dl class="keys">
        ${rows.map(([keys, what]) =>
          html`
            <dt>${keys.map((key) => html`<kbd>${key}</kbd>`)}</dt>
            <dd>${what}</dd>
          `
        )}
      </dl>
      <div class="row"><button onClick=${close}>Close</button></div>
      <//>
  `;
}
