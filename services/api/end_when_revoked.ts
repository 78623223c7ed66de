/**
 * Ends the streams of callers whose token or session has ended meanwhile.
 *
 * @module
 */

/** How often a stream's caller is checked, in ms. */
const LOOK_MS = 2000;

/**
 * Passes a stream on until its caller may no longer see it.
 *
 * @param response A response with a stream that may go on for days.
 * @param isKnown Tells whether the token or session is valid.
 * @param everyMs How often to ask, in ms.
 */
export function endWhenRevoked(
  response: Response,
  isKnown: () => Promise<boolean>,
  everyMs = LOOK_MS,
): Response {
  const reader = response.body!.getReader();
  let timer: ReturnType<typeof setInterval> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(async () => {
        // While the database is down nobody can be logged out, and streams go on.
        if (await isKnown().catch(() => true)) return;
        clearInterval(timer);
        await reader.cancel().catch(() => {});
        try {
          controller.close();
        } catch {
          // It has ended by itself.
        }
      }, everyMs);
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        clearInterval(timer);
        controller.close();
      } catch (error) {
        clearInterval(timer);
        controller.error(error);
      }
    },
    async cancel(reason) {
      clearInterval(timer);
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  const { status, headers } = response;
  return new Response(body, { status, headers });
}
