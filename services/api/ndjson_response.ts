/**
 * Streams values as NDJSON.
 *
 * @module
 */

import { setImmediate } from "node:timers/promises";
import { stringifyExactJson } from "../../lib/util/exact_json.ts";

/** Lines that are there at once are sent together up to this length, in characters. */
const CHUNK_LENGTH = 64 * 1024;

/**
 * Makes a response of one JSON object a line. A value is sent as soon as it comes, and taken only as fast as the client
 * reads.
 *
 * @param values The values.
 * @param stop Called when the client has gone away.
 * @returns The response, once the first value is there: an error before it becomes a problem.
 */
export async function ndjsonResponse(values: AsyncIterable<unknown>, stop?: () => void): Promise<Response> {
  const iterator = values[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<unknown>> | undefined;
  const first = await iterator.next();
  pending = Promise.resolve(first);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      let text = "";
      while (text.length < CHUNK_LENGTH) {
        pending ??= iterator.next();
        const result = text === ""
          ? await pending
          : await Promise.race([pending, setImmediate(undefined, { ref: false })]);
        if (!result) break;
        pending = undefined;
        if (result.done) {
          if (text !== "") controller.enqueue(encoder.encode(text));
          controller.close();
          return;
        }
        text += `${stringifyExactJson(result.value)}\n`;
      }
      controller.enqueue(encoder.encode(text));
    },
    async cancel() {
      stop?.();
      await iterator.return?.();
    },
  }, { highWaterMark: 0 });
  return new Response(body, {
    headers: { "content-type": "application/x-ndjson", "cache-control": "no-store" },
  });
}
