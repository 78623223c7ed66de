/** A guard that has tripped and holds, with the way to release it. */

import { linkTo } from "../app/router.js";
import { ActionButton } from "../components/action_button.js";
import { html } from "../components/html.js";
import { Age } from "../components/time.js";
import { botPath, call } from "../store/api.js";
import { plainText } from "../text/plain_text.js";

/**
 * @param latch As the API gives it. @param withBot Whether the bot is named.
 * @param onReleased Called when it is released.
 */
export function Latch({ latch, withBot = false, onReleased }) {
  const { bot, guard, at, action, text, lastLines, isStored } = latch;
  const name = plainText(guard, 80);
  const release = async (reason) => {
    const path = botPath(bot, `/guards/${encodeURIComponent(guard)}/release`);
    await call(path, { method: "POST", body: { reason }, what: `release the guard ${name} of ${bot}` });
    onReleased?.();
    return "It is released.";
  };
  const isStopped = action === "stop";
  return html`
    <li class="latch">
      <div class="what">
        <p>
          <span class="chip failing">${isStopped ? "Stopped by a guard" : "Guard tripped"}</span>
          ${withBot && html`<a class="name" href=${linkTo("bots", bot)}>${bot}</a>`}
          <strong>${name}</strong> <span class="soft">for <${Age} at=${at} /></span>
        </p>
        <p>${plainText(text, 400)}</p>
        <p class="soft">${isStopped
          ? "Nothing starts the bot until a person releases the guard."
          : "The bot runs on."}</p>
        ${!isStored &&
          html`<p class="bad">The database has not taken this yet; a file in DATA_DIR keeps it until then.</p>`}
        ${lastLines.length > 0 && html`
          <details>
            <summary>What it printed before</summary>
            <pre class="lines" tabindex="0" role="region" aria-label=${`Last lines before ${name} tripped`}>${lastLines
              .map((line) => plainText(line, 400)).join("\n")}</pre>
          </details>
        `}
      </div>
      <${ActionButton} label="Release" doing="Releasing" subject=${withBot
        ? `${name} of ${bot}`
        : name} run=${release}
        question=${{
          title: `Release ${name} of ${bot}?`,
          text: isStopped
            ? "The guard begins anew, its peak too. The bot starts if it is enabled and no other guard holds it."
            : "The guard begins anew, its peak too.",
          reason: isStopped ? "Why may the bot run again?" : "Why is it fine again?",
        }} />
    </li>
  `;
}
