/** The last lines of a bot, read while somebody looks. */

import { useSignal } from "@preact/signals";
import { botPath, request } from "../store/api.js";
import { readObjects } from "../store/read_stream.js";
import { useRepeat } from "../store/repeat.js";
import { plainText } from "../text/plain_text.js";
import { html } from "./html.js";
import { NotRead } from "./not_read.js";

/** Longest line that is shown, in characters. */
const MAX_LENGTH = 400;
/** How often the lines are read, in ms: a bot goes on printing while they are shown. */
const LOOK_MS = 5000;

/**
 * Reads the last lines again and again.
 *
 * @param id Id of the bot. @param count How many. @param ms How often. @param version Read at once when it changes.
 * @returns The lines, `undefined` until the first answer, and why the last answer failed, for `NotRead`.
 */
export function useLastLines(id, count, ms, version) {
  const lines = useSignal(undefined);
  const look = async (signal) => {
    lines.value = await readLines(id, count, signal);
  };
  const late = useRepeat(look, ms, [id, count, version]);
  return { lines: lines.value, late };
}

async function readLines(id, count, signal) {
  const response = await request(botPath(id, "/logs"), { query: { tail: count }, signal });
  const lines = [];
  for await (const read of readObjects(response)) {
    lines.push(...read.filter(({ text }) => text !== undefined));
  }
  return lines;
}

/** @param id Id of the bot. @param count How many lines. @param version Read at once when it changes. */
export function LastLines({ id, count, version }) {
  const { lines, late } = useLastLines(id, count, LOOK_MS, version);
  if (lines === undefined && !late) return html`<p class="faint">Reading the log …</p>`;
  return html`
    <${NotRead} late=${late} />
    ${lines?.length === 0 && html`<p class="faint">It has printed nothing.</p>`}
    ${lines?.length > 0 &&
      html`<pre class="lines" tabindex="0" role="region" aria-label=${`Last lines of ${id}`}>${
        lines.map((
          { time, text },
        ) => `${time.slice(11, 19)}  ${plainText(text, MAX_LENGTH)}`).join("\n")
      }</pre>`}
  `;
}
