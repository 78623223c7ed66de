/** A button that acts on the service: asks first if needed, and shows progress and outcome where it was pressed. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { connection } from "../store/connection.js";
import { caller, mayOperate } from "../store/session.js";
import { confirmed } from "./confirm.js";
import { html } from "./html.js";
import { say } from "./say.js";

/** How long the outcome stays, in ms. */
const SHOWN_MS = 8000;

/**
 * @param label Its label, for example `Restart`.
 * @param doing The same while it goes on, for example `Restarting`.
 * @param run Does it; gets the reason if the question asks for one. @returns The text to show when it is done.
 * @param question See `confirmed()`; absent if nothing can be lost.
 * @param subject The object of the action, for screen readers, where the same button is in every row.
 */
export function ActionButton({ label, doing, run, question, kind = "", subject }) {
  const state = useSignal({ is: "idle" });
  const isHere = useRef(true);
  useEffect(() => () => isHere.current = false, []);
  const { is, text } = state.value;
  const set = (next) => {
    if (isHere.current) state.value = next;
  };
  const isAllowed = mayOperate();
  const press = async () => {
    if (is === "busy" || !isAllowed) return;
    if (connection.value === "lost") {
      return set({ is: "failed", text: "Not connected: nothing was done. Try again when the page is live." });
    }
    const answer = question === undefined || await confirmed({ action: label, ...question });
    if (answer === false) return;
    set({ is: "busy" });
    try {
      const outcome = await run(answer);
      say(outcome);
      set({ is: "done", text: outcome });
      setTimeout(() => state.value.is === "done" && set({ is: "idle" }), SHOWN_MS);
    } catch (error) {
      const words = [error.message, error.advice].filter(Boolean).join(" ");
      say(`${label} failed: ${words}`);
      set({ is: "failed", text: words });
    }
  };
  const title = isAllowed ? undefined : `${caller.value?.name} is read-only`;
  return html`
    <span class="action">
      <button class=${`${kind} ${is === "busy" ? "busy" : ""}`} title=${title} aria-label=${subject &&
        `${label}: ${subject}`} aria-disabled=${is === "busy" || !isAllowed}
        onClick=${press}>${is === "busy" ? `${doing} …` : label}</button>
      ${(is === "failed" || is === "done") && html`
        <span class=${is === "failed" ? "said bad" : "said soft"}>${text}
          ${is === "failed" &&
            html`<button class="quiet" aria-label="Dismiss" onClick=${() =>
              state.value = { is: "idle" }}>×</button>`}
        </span>
      `}
    </span>
  `;
}
