/** Reads streams line by line: server-sent events, and one JSON object a line. */

async function* linesOf(response, onBytes) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) break;
      onBytes?.();
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop();
      // All that came at once is given at once.
      if (lines.length > 0) yield lines;
    }
    if (rest !== "") yield [rest];
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * Reads server-sent events.
 *
 * @param response The response.
 * @param onBytes Called whenever something arrives, a heartbeat too.
 * @returns Groups of events `{ id, type, data }` that arrived together.
 */
export async function* readEvents(response, onBytes) {
  let event = { type: "message", data: [] };
  let id;
  for await (const lines of linesOf(response, onBytes)) {
    const events = [];
    for (const line of lines) {
      if (line === "") {
        if (event.data.length > 0) events.push({ id, type: event.type, data: event.data.join("\n") });
        event = { type: "message", data: [] };
      } else if (line.startsWith("data: ")) event.data.push(line.slice(6));
      else if (line.startsWith("event: ")) event.type = line.slice(7);
      else if (line.startsWith("id: ")) id = line.slice(4);
    }
    if (events.length > 0) yield events;
  }
}

/** Reads one JSON object a line, in groups that arrived together. */
export async function* readObjects(response, onBytes) {
  for await (const lines of linesOf(response, onBytes)) {
    yield lines.filter((line) => line !== "").map(parseLine);
  }
}

/** Characters that are kept of a line: a page has thousands of lines. */
const MAX_TEXT = 50_000;

/** Parses a line of a log, or another object. If nobody reads a string to its end, only its beginning is kept. */
export function parseLine(json) {
  const line = JSON.parse(json);
  const rest = line.text?.length - MAX_TEXT;
  // A part of a string would keep the whole of it: only a copy does not.
  if (rest > 0) line.text = structuredClone(`${line.text.slice(0, MAX_TEXT)} … and ${rest} more characters`);
  return line;
}
