/**
 * Streams a body while it is generated.
 *
 * @module
 */

const encoder = new TextEncoder();
/** Lines are sent together up to this size, in characters. */
const GROUP_LENGTH = 32 * 1024;

/** Options of {@linkcode streamResponse}. */
export interface StreamResponseOptions {
  /** Media type of the body. */
  readonly contentType: string;
  /** Aborted when the client goes away or the server ends. */
  readonly signal: AbortSignal;
  /** Makes the body. @param signal Aborted when the client no longer reads it. */
  make(signal: AbortSignal): AsyncGenerator<Uint8Array, unknown>;
}

/**
 * Sends the output of a generator, only as fast as the client takes it. A failure before the first piece becomes a
 * problem.
 *
 * @param options See {@linkcode StreamResponseOptions}.
 * @throws The error that the generator throws before its first piece.
 */
export async function streamResponse(
  { contentType, signal, make }: StreamResponseOptions,
): Promise<Response> {
  const ending = new AbortController();
  const pieces = make(ending.signal);
  const end = async () => {
    signal.removeEventListener("abort", end);
    ending.abort(new DOMException("The client went away", "AbortError"));
    await pieces.return(undefined).catch(() => {});
  };
  signal.addEventListener("abort", end);
  if (signal.aborted) await end();
  let first: IteratorResult<Uint8Array, unknown> | undefined = await pieces.next();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = first ?? await pieces.next();
        first = undefined;
        if (!next.done) return controller.enqueue(next.value);
        await end();
        controller.close();
      } catch (error) {
        await end();
        controller.error(error);
      }
    },
    cancel: end,
  }, { highWaterMark: 0 });
  return new Response(body, {
    headers: { "content-type": contentType, "cache-control": "no-store", "x-accel-buffering": "no" },
  });
}

/**
 * Puts lines together, so that each does not need a packet of its own.
 *
 * @param lines Lines with their ends; `undefined` sends those before it at once.
 */
export async function* grouped(
  lines: AsyncIterable<string | undefined>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let group = "";
  for await (const line of lines) {
    group += line ?? "";
    if (group.length < GROUP_LENGTH && line !== undefined) continue;
    yield encoder.encode(group);
    group = "";
  }
  if (group !== "") yield encoder.encode(group);
}
