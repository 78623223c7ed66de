/**
 * Converts Node streams into web streams.
 *
 * @module
 */

import type { Readable } from "node:stream";
import type { CallScope } from "../../util/call_scope.ts";

/**
 * Converts a Node stream into a web stream, which reads only as fast as the caller does. A cancel, the call's signal and
 * a silence beyond the time limit destroy the Node stream.
 *
 * @param source The stream.
 * @param scope Scope of the call, which ends with the stream.
 * @param toError Turns a failure into the error to throw.
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
