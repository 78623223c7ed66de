/** One time in three time zones: UTC, that of a schedule, and that of this browser. */

import { zoneName, zoneTime } from "../text/zone_time.js";
import { html } from "./html.js";

/** @param at RFC 3339. @param timezone IANA name of the schedule's zone. */
export function ThreeTimes({ at, timezone = "UTC" }) {
  const ms = Date.parse(at);
  const own = timezone === "UTC" ? undefined : zoneTime(ms, timezone);
  return html`
    <span class="three-times">
      <span>${zoneTime(ms, "UTC")} <i>UTC</i></span>
      ${own && html`<span>${own} <i title=${timezone}>${zoneName(timezone)}</i></span>`}
      <span>${zoneTime(ms)} <i>here</i></span>
    </span>
  `;
}
