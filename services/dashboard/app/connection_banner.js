/** Says that the figures are old, and since when. */

import { html } from "../components/html.js";
import { connection, heardAt, tryNow } from "../store/connection.js";
import { now } from "../store/now.js";
import { isOutdated } from "../store/service.js";
import { clockTime, duration, exactTime } from "../text/format.js";

export function ConnectionBanner() {
  if (connection.value === "lost") {
    const at = heardAt.value;
    return html`
      <div class="banner" role="alert">
        <strong>Not connected.</strong>
        <span>Everything here is as of <time title=${exactTime(at)}>${clockTime(at)}</time></span>
        <span class="soft" aria-hidden="true">${duration(now.value - at)} ago. It connects by itself.</span>
        <button onClick=${tryNow}>Try now</button>
      </div>
    `;
  }
  if (!isOutdated.value) return null;
  return html`
    <div class="banner" role="status">
      <strong>Another version of Berth runs now.</strong>
      <span>This page is from the one before.</span>
      <button onClick=${() => location.reload()}>Reload</button>
    </div>
  `;
}
