/**
 * Reads server-sent events.
 *
 * @module
 */

/** An event. */
export interface ServerEvent {
  /** Its type; `message` if it has none. */
  readonly type: string;
  /** Its id, with which another request goes on after it. */
  readonly id?: string;
  /** Its data. */
  readonly data: string;
}

/** A server sends at least a comment this often; a connection that is silent for longer is gone, in ms. */
const MAX_SILENCE_MS = 60_000;

/**
 * Reads the events of a response until it ends. An event that is cut off is left out.
 *
 * @param response The response.
 * @throws If the connection breaks, or is silent for too long.
 */
export async function* readEvents(response: Response): AsyncGenerator<ServerEvent> {
  let fields: { type?: string; id?: string; data: string[] } = { data: [] };
  for await (const line of linesOf(response, MAX_SILENCE_MS)) {
    if (line === "") {
      const { type = "message", id, data } = fields;
      if (data.length > 0) yield { type, ...(id !== undefined && { id }), data: data.join("\n") };
      fields = { data: [] };
      continue;
    }
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (name === "event") fields.type = value;
    else if (name === "id") fields.id = value;
    else if (name === "data") fields.data.push(value);
  }
}

/**
 * Reads the lines of a response as they come. Leaving early ends the request.
 *
 * @param response The response.
 * @param maxSilenceMs How long the server may send nothing, in ms. @default {forever}
 * @returns The lines without their ends; not what comes after the last line feed.
 */
export async function* linesOf(response: Response, maxSilenceMs?: number): AsyncGenerator<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    while (true) {
      const { done, value } = await within(reader.read(), maxSilenceMs);
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function within<T>(work: Promise<T>, ms: number | undefined): Promise<T> {
  if (ms === undefined) return await work;
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("The server is silent")), ms);
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
  }
}
