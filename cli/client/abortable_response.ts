/**
 * Ends the reading of a response when its signal aborts.
 *
 * @module
 */

/**
 * Makes a response whose body ends with the signal. Deno loses the link between a request's signal and the response when
 * it collects garbage, so that a long read would not end.
 *
 * @param response The response.
 * @param signal Ends the reading with its reason.
 */
export function abortableResponse(response: Response, signal: AbortSignal): Response {
  if (!response.body) return response;
  const reader = response.body.getReader();
  let isOver = false;
  let end = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const abort = () => {
        end();
        controller.error(signal.reason);
        void reader.cancel(signal.reason).catch(() => {});
      };
      end = () => {
        isOver = true;
        signal.removeEventListener("abort", abort);
      };
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (isOver) return;
        if (!done) return controller.enqueue(value);
        end();
        controller.close();
      } catch (error) {
        if (isOver) return;
        end();
        controller.error(error);
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return new Response(body, response);
}
