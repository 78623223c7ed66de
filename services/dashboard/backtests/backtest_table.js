/** The backtests, the latest first; some can be chosen and compared. */

import { linkTo } from "../app/router.js";
import { StateChip } from "../components/chip.js";
import { html } from "../components/html.js";
import { Age } from "../components/time.js";
import { nowFor } from "../store/now.js";
import { duration } from "../text/format.js";
import { plainText } from "../text/plain_text.js";
import { isOpen, nameOf } from "./backtest_path.js";

/** Largest number of backtests to compare: more curves would cover each other. */
const MAX_COMPARED = 6;

/** @param backtests The backtests. @param chosen A signal of the set of ids that are compared. */
export function BacktestTable({ backtests, chosen }) {
  const ids = [...chosen.value];
  const toggle = (id) => {
    const next = new Set(chosen.value);
    if (!next.delete(id) && next.size < MAX_COMPARED) next.add(id);
    chosen.value = next;
  };
  return html`
    <section class="panel" aria-labelledby="all-backtests">
      <header>
        <h2 id="all-backtests">Backtests</h2>
        <div class="push">${ids.length > 1
          ? html`<a class="button" href=${`${linkTo("backtests", "compare")}?ids=${
            ids.join(",")
          }`}>Compare ${ids.length}</a>`
          : html`<span class="note">choose two to six to compare</span>`}</div>
      </header>
      <table class="backtests">
        <thead>
          <tr>
            <th scope="col"><span class="hidden-label">Compare</span></th>
            <th scope="col">Bot</th>
            <th scope="col">State</th>
            <th scope="col">Asked for</th>
            <th scope="col" class="wide">Took</th>
            <th scope="col" class="wide">By</th>
          </tr>
        </thead>
        <tbody>${backtests.map((one) =>
          html`
            <tr key=${one.id}>
              <td><input type="checkbox" aria-label=${`Compare ${nameOf(one)}`} checked=${chosen.value.has(
                one.id,
              )}
                disabled=${one.resultStatus !== "stored"} onChange=${() => toggle(one.id)} /></td>
              <th scope="row" class="name"><a href=${linkTo("backtests", one.id)}>${one
                .bot}</a> <span class="soft">${plainText(one.version ?? "", 40)}</span></th>
              <td>
                <${StateChip} state=${one.state} title=${one.reason && plainText(one.reason, 300)} />
              </td>
              <td class="soft"><${Age} at=${one.queuedAt} /> ago</td>
              <td class="wide soft">
                <${Took} backtest=${one} />
              </td>
              <td class="wide soft">${plainText(one.requestedBy, 40)}</td>
            </tr>
          `
        )}</tbody>
      </table>
    </section>
  `;
}

/** How long a backtest took, or has taken. */
export function Took({ backtest }) {
  const { durationMs, startedAt } = backtest;
  if (durationMs !== undefined) {
    return durationMs < 10_000 ? `${(durationMs / 1000).toFixed(1)} s` : duration(durationMs);
  }
  if (!isOpen(backtest) || startedAt === undefined) return null;
  const from = Date.parse(startedAt);
  return `${duration(nowFor(from) - from)} so far`;
}
