/** The last lines of a bot, read when somebody looks. */

import { useEffect, useState } from "preact/hooks";
import { botPath, request } from "../store/api.js";
import { readObjects } from "../store/read_stream.js";
import { plainText } from "../text/plain_text.js";
import { html } from "./html.js";

/** Longest line that is shown, in characters. */
const MAX_LENGTH = 400;

/**
 * Reads the last lines.
 *
 * @param id Id of the bot. @param count How many. @param version Read again when it changes.
 * @returns The lines, `undefined` while they are read, or why they cannot be read as a string.
 */
export function useLastLines(id, count, version) {
  const [lines, setLines] = useState(undefined);
  useEffect(() => {
    const ending = new AbortController();
    readLines(id, count, ending.signal).then(setLines, ({ name, message }) => {
      if (name !== "AbortError") setLines(message);
    });
    return () => ending.abort();
  }, [id, count, version]);
  return lines;
}

async function readLines(id, count, signal) {
  const response = await request(botPath(id, "/logs"), { query: { tail: count }, signal });
  const lines = [];
  for await (const read of readObjects(response)) {
    lines.push(...read.filter(({ text }) => text !== undefined));
  }
  return lines;
}

/** @param id Id of the bot. @param count How many lines. @param version Read again when it changes. */
export function LastLines({ id, count, version }) {
  const lines = useLastLines(id, count, version);
  if (lines === undefined) return html`<p class="faint">Reading the log …</p>`;
  if (typeof lines === "string") return html`<p class="bad">${lines}</p>`;
  if (lines.length === 0) return html`<p class="faint">It has printed nothing.</p>`;
  return html`
    <pre class="lines" tabindex="0" role="region" aria-label=${`Last lines of ${id}`}>${lines.map((
      { time, text },
    ) => `${time.slice(11, 19)}  ${plainText(text, MAX_LENGTH)}`).join("\n")}</pre>
  `;
}
