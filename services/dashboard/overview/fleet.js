/** Guards over several bots, and the bots that any guard holds. */

import { useSignal } from "@preact/signals";
import { linkTo } from "../app/router.js";
import { html } from "../components/html.js";
import { NotRead } from "../components/not_read.js";
import { limitWords, metricOf, valueWords } from "../guards/guard_words.js";
import { Latch } from "../guards/latch.js";
import { readGuards } from "../guards/read_guards.js";
import { bots } from "../store/bots.js";
import { useRepeat } from "../store/repeat.js";
import { many } from "../text/format.js";
import { plainText } from "../text/plain_text.js";

const LOOK_MS = 10_000;
/** Members that are named. */
const SHOWN = 8;
const NOTHING = { latches: [], fleet: { guards: [], problems: [] } };

export function Fleet() {
  const read = useSignal(undefined);
  const latched = [...bots.value.values()].filter(({ state }) => state === "latched").length;
  const look = async (signal) => {
    read.value = await readGuards("/api/latches", signal);
  };
  const late = useRepeat(look, LOOK_MS, [latched]);
  const { latches, fleet } = read.value ?? NOTHING;
  if (!late && latches.length + fleet.guards.length + fleet.problems.length === 0) return null;
  return html`
    <section class="panel" aria-labelledby="fleet">
      <header><h2 id="fleet">Guards</h2>${latches.length > 0 &&
        html`<span class="note push">${many(latches.length, "guard")} tripped</span>`}</header>
      <${NotRead} late=${late} />
      ${fleet.problems.map((problem) =>
        html`<p key=${problem} class="problem-line bad">${plainText(problem, 400)}</p>`
      )}
      <ul>${latches.map((latch) =>
        html`<${Latch} key=${`${latch.bot} ${latch.guard}`} latch=${latch} withBot onReleased=${() =>
          look().catch(() => {})} />`
      )}</ul>
      <ul>${fleet.guards.map((guard) =>
        html`<${FleetGuard} key=${guard.name} guard=${guard} isHolding=${
          latches.some((latch) => latch.guard === `fleet:${guard.name}`)
        } />`
      )}</ul>
    </section>
  `;
}

function FleetGuard({ guard, isHolding }) {
  const { name, bots, action, members, value } = guard;
  return html`
    <li class="guard">
      <p><strong>${plainText(name, 80)}</strong>
        <span class=${isHolding
          ? "chip failing"
          : value === undefined
          ? "chip waiting"
          : "chip running"}>${isHolding
          ? "Tripped"
          : value === undefined
          ? "No number yet"
          : "Watching"}</span>
        <span class="value">${value === undefined ? "–" : valueWords(value, guard)}</span></p>
      <p class="soft">${action === "stop" ? "Stops all of them" : "Alerts"} if the sum of ${metricOf(
        guard,
      )} over ${plainText(bots, 80)} is ${limitWords(guard)}.</p>
      <p class="faint">${members.length === 0 ? "No enabled bot has this label." : html`
        ${members.slice(0, SHOWN).map((id, at) =>
          html`${at > 0 && ", "}<a key=${id} href=${linkTo("bots", id)}>${id}</a>`
        )}${members.length > SHOWN && ` and ${members.length - SHOWN} more`}
      `}</p>
    </li>
  `;
}
