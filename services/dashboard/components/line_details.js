/** One line of a log in full: unfolded, with its exact time. */

import { useSignal } from "@preact/signals";
import { exactTime } from "../text/format.js";
import { stringifyExact } from "../text/exact_json.js";
import { readLine } from "../text/log_text.js";
import { visible } from "../text/plain_text.js";
import { html } from "./html.js";

/** @param line The line. @param onClose Closes the details. @param onJump Goes to a time in the log. */
export function LineDetails({ line, onClose, onJump }) {
  const copied = useSignal("");
  const { json } = readLine(line);
  const text = json ? stringifyExact(json) : line.text.split("\n").map(visible).join("\n");
  const copy = () =>
    navigator.clipboard.writeText(line.text).then(
      () => copied.value = "Copied",
      () => copied.value = "The browser does not allow it",
    );
  return html`
    <div class="details" role="region" aria-label="The line in full">
      <header class="between">
        <time class="soft" datetime=${line.time}>${exactTime(Date.parse(line.time)).split("\n")[1]}</time>
        <span class="chip plain">${line.stream}</span>
        ${line.run && html`<span class="soft">run ${line.run}</span>`}
        <div class="push">
          <span class="soft" role="status">${copied}</span>
          <button class="quiet" onClick=${() => onJump(line.time)}>Show what came around it</button>
          ${navigator.clipboard && html`<button class="quiet" onClick=${copy}>Copy</button>`}
          <button class="quiet" onClick=${onClose}>Close</button>
        </div>
      </header>
      <pre tabindex="0" role="region" aria-label="Its text">${text}</pre>
    </div>
  `;
}
