/** Nothing is at this address. */

import { html } from "../components/html.js";

export function NowherePage() {
  return html`
    <div class="panel empty"><strong>There is no such page.</strong><a class="link" href="#/">All bots</a></div>
  `;
}
