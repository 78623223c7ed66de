/** The page of notifications: open incidents, channels and the last deliveries. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { part } from "../components/boundary.js";
import { html } from "../components/html.js";
import { NotRead } from "../components/not_read.js";
import { Channels } from "../notifications/channels.js";
import { Deliveries } from "../notifications/deliveries.js";
import { Incidents } from "../notifications/incidents.js";
import { call } from "../store/api.js";
import { useRepeat } from "../store/repeat.js";

const LOOK_MS = 5000;
const PAGE = 50;
const MOST = 1000;

export function NotificationsPage() {
  const about = useSignal(undefined);
  const list = useSignal({});
  const shown = useSignal(PAGE);
  useEffect(() => {
    document.title = "Notifications · Berth";
    return () => document.title = "Berth";
  }, []);
  const look = async (signal) => {
    about.value = await call("/api/notifications", { signal });
  };
  // These are in the database, which may be down.
  const lookBack = async (signal) => {
    list.value = await call("/api/notifications/deliveries", { query: { limit: shown.value }, signal });
  };
  const late = useRepeat(look, LOOK_MS);
  const lateList = useRepeat(lookBack, LOOK_MS, [shown.value]);
  const lookNow = () => {
    for (const one of [look, lookBack]) one().catch(() => {});
  };
  const { deliveries, next } = list.value;
  const more = next !== undefined && shown.value < MOST ? () => shown.value = MOST : undefined;
  return html`
    <header class="top">
      <h1>Notifications</h1>
    </header>
    ${late && html`
      <section class="panel">
        <${NotRead} late=${late} />
      </section>
    `}
    ${about.value && html`
      <div class="columns">
        ${part("The open incidents", html`<${Incidents} incidents=${about.value.open} />`)}
        ${part("The channels", html`<${Channels} about=${about.value} onTested=${lookNow} />`)}
      </div>
    `}
    ${part(
      "The deliveries",
      html`<${Deliveries} deliveries=${deliveries} late=${lateList} onMore=${more} />`,
    )}
  `;
}
