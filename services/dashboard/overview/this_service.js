/** The state of the service, and of the parts that it works with. */

import { html } from "../components/html.js";
import { NotRead } from "../components/not_read.js";
import { Age } from "../components/time.js";
import { useRepeat } from "../store/repeat.js";
import { loadService, service } from "../store/service.js";
import { plainText } from "../text/plain_text.js";
import { Nodes } from "./nodes.js";

const LOOK_MS = 30_000;
const NAMES = { documents: "Documents", objects: "Objects", events: "Events", engine: "Engine" };
const TONES = { ok: "running", warning: "waiting", problem: "failing" };
const WORDS = { ok: "OK", warning: "Warning", problem: "Problem" };

export function ThisService() {
  const late = useRepeat(loadService, LOOK_MS);
  const about = service.value;
  if (!about) return null;
  return html`
    <section class="panel" aria-labelledby="this-service">
      <header><h2 id="this-service">This service</h2><span class="note push">up for <${Age} at=${about
        .startedAt} /></span></header>
      <${NotRead} late=${late} />
      <dl class="facts body">
        ${about.parts.map(({ name, state, detail, advice }) =>
          html`
            <dt>${NAMES[name] ?? name}</dt>
            <dd><span class=${`chip ${TONES[state]}`}>${WORDS[state]}</span> <span class=${state === "ok"
              ? "soft"
              : ""}>${plainText(detail, 300)}</span>
              ${advice && html`
                <span>${advice}</span>
              `}</dd>
          `
        )}
        <${Nodes} />
        ${about.serving.filter(({ serves }) => !serves).map(({ service, reason }) =>
          html`
            <dt>Serving</dt>
            <dd><span class="chip waiting">Stands by</span> for ${service}${reason && `: ${reason}`}</dd>
          `
        )}
      </dl>
    </section>
  `;
}
