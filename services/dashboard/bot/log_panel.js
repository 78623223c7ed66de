/** The log of a bot, with its search, its filters and its way back in time. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { useKeys } from "../app/keys.js";
import { html } from "../components/html.js";
import { LogView } from "../components/log_view.js";
import { count } from "../text/format.js";
import { LineDetails } from "../components/line_details.js";
import { LogStore } from "./log_store.js";

const TYPING_MS = 350;
const STREAMS = [["stdout", "stdout"], ["stderr", "stderr"], ["berth", "Berth"]];
const LEVELS = [["", "all levels"], ["info", "info and above"], ["warning", "warnings and errors"], [
  "error",
  "errors",
]];

/** `/text/` is a regular expression, anything else a part of the line. */
function filterOf(text) {
  if (text === "") return {};
  const [, regex] = /^\/(.+)\/$/.exec(text) ?? [];
  return regex === undefined ? { q: text } : { regex };
}

/** @param id Id of the bot. @param at A time to begin at; absent to follow. */
export function LogPanel({ id, at }) {
  const store = useMemo(() => new LogStore(id), [id]);
  const find = useSignal("");
  const hidden = useSignal(new Set());
  const level = useSignal("");
  const chosen = useSignal(undefined);
  useEffect(() => {
    if (at) store.readFrom(at);
    else store.follow({});
    return () => store.close();
  }, [store]);
  const search = useMemo(() =>
    debounced((text) => {
      chosen.value = undefined;
      store.follow(filterOf(text));
    }), [store]);
  const mode = store.mode.value;
  const pauseOrGo = () => mode === "live" || mode === "connecting" ? store.pause() : store.resume();
  useKeys({ p: pauseOrGo }, [mode]);
  const toggle = (name) => {
    const next = new Set(hidden.value);
    if (!next.delete(name)) next.add(name);
    hidden.value = next;
  };
  useEffect(() => search.cancel, [search]);
  const jump = (time) => {
    search.cancel();
    find.value = "";
    chosen.value = undefined;
    store.readFrom(time);
  };
  return html`
    <section class="panel log" aria-labelledby="log">
      <header>
        <h2 id="log">Log</h2>
        <span class="note">${WORDS[mode]}</span>
        <div class="push tools">
          <label class="hidden-label" for="find-line">Find lines</label>
          <input id="find-line" type="search" data-find placeholder="Find in the whole log, or /regex/  /" autocomplete="off"
            spellcheck="false" value=${find} onInput=${(event) => {
              find.value = event.target.value;
              search(find.value);
            }} />
          <${Jump} onJump=${jump} />
          <label class="hidden-label" for="level">Levels</label>
          <select id="level" onChange=${(event) => level.value = event.target.value}>
            ${LEVELS.map(([name, words]) => html`<option key=${name} value=${name}>${words}</option>`)}
          </select>
          <div class="joined" role="group" aria-label="Streams">
            ${STREAMS.map(([name, words]) =>
              html`
                <button key=${name} aria-pressed=${!hidden.value.has(name)} onClick=${() =>
                  toggle(name)}>${words}</button>
              `
            )}
          </div>
          <button class="go" onClick=${pauseOrGo}>${mode === "live" || mode === "connecting"
            ? "Pause"
            : "Follow"}</button>
        </div>
      </header>
      ${store.problem.value && html`<p class="problem-line bad" role="status">${store.problem}</p>`}
      <${LogView} store=${store} hidden=${hidden.value} level=${level.value} chosen=${chosen} />
      ${store.waiting.value > 0 && html`
        <button class="news" onClick=${() => store.resume()}>${count(
          store.waiting.value,
        )} new lines ↓</button>
      `}
      ${chosen.value &&
        html`<${LineDetails} line=${chosen.value} onClose=${() =>
          chosen.value = undefined} onJump=${jump} />`}
    </section>
  `;
}

/** Asks for a time. */
function Jump({ onJump }) {
  const isOpen = useSignal(false);
  const time = useRef(null);
  useEffect(() => {
    if (isOpen.value) time.current.focus();
  }, [isOpen.value]);
  const submit = (event) => {
    event.preventDefault();
    if (time.current.value !== "") onJump(new Date(time.current.value).toISOString());
    isOpen.value = false;
  };
  if (!isOpen.value) return html`<button onClick=${() => isOpen.value = true}>Jump to time</button>`;
  const now = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
  return html`
    <form class="jump" onSubmit=${submit}>
      <label class="hidden-label" for="jump">Time to jump to</label>
      <input id="jump" type="datetime-local" step="1" ref=${time} defaultValue=${now} />
      <button>Go</button>
    </form>
  `;
}

const WORDS = {
  connecting: "connecting …",
  live: "live",
  paused: "paused",
  reading: "earlier lines",
};

function debounced(act) {
  let timer;
  const cancel = () => clearTimeout(timer);
  const later = (value) => {
    cancel();
    timer = setTimeout(() => act(value), TYPING_MS);
  };
  return Object.assign(later, { cancel });
}
