/**
 * From Node's streams to the web's.
 *
 * @module
 */

import type { Readable } from "node:stream";
import type { CallScope } from "../../util/call_scope.ts";

/**
 * Makes a web stream of a Node stream. Nothing is read before it is asked for; cancelling, the call's signal
 * or too long a silence destroys the Node stream.
 *
 * @param source The stream.
 * @param scope The call that it belongs to; over when the stream is.
 * @param toError Turns a failure into the error to show.
 * @returns The web stream.
 */
export function toWebStream(
  source: Readable,
  scope: CallScope,
  toError: (error: unknown) => unknown,
): ReadableStream<Uint8Array> {
  const iterator: AsyncIterator<Uint8Array> = source[Symbol.asyncIterator]();
  scope.endLimit();
  scope.signal.addEventListener("abort", () => source.destroy(), { once: true });
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      scope.restartLimit();
      try {
        const { done, value } = await iterator.next();
        scope.endLimit();
        // A stream that was destroyed may end as if it were at its end.
        scope.signal.throwIfAborted();
        if (!done) return controller.enqueue(value);
        scope.complete();
        scope[Symbol.dispose]();
        controller.close();
      } catch (error) {
        const shown = toError(error);
        scope[Symbol.dispose]();
        controller.error(shown);
      }
    },
    cancel() {
      scope[Symbol.dispose]();
    },
  }, { highWaterMark: 0 });
}
