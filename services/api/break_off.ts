/**
 * Closes the connection of a response whose body breaks off.
 *
 * @module
 */

/** Bodies that are whole before they are sent. */
const WHOLE = /^(application\/(problem\+)?json|text\/(?!event-stream)|image\/)/;

/**
 * Passes a body on, so that no client takes a part of it for the whole, or reads an error's text in it.
 *
 * @param response The response.
 * @param breakOff Called with the error if the body breaks off; ends the connection.
 */
export function breakOffWith(response: Response, breakOff: (error: unknown) => void): Response {
  const { body, status, headers } = response;
  if (!body || WHOLE.test(headers.get("content-type") ?? "")) return response;
  const reader = body.getReader();
  const passed = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        // The reader sees the connection end.
        breakOff(error);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return new Response(passed, { status, headers });
}
