/**
 * Server-sent events as a response.
 *
 * @module
 */

/** Sends server-sent events to one client. */
export interface EventStream {
  /** Sends an event. Does nothing once the client is gone. */
  send(event: { readonly id?: string; readonly name?: string; readonly data: string }): void;
  /** Ends the stream. */
  end(): void;
}

/** Options of {@linkcode eventStream}. */
export interface EventStreamOptions {
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** Called when the client listens. @returns A function that is called once when the stream is over. */
  readonly open: (stream: EventStream) => (() => void) | void;
  /** Time between two comments that keep the connection alive, in ms. @default 15 s */
  readonly heartbeatMs?: number;
  /** Bytes that may wait for a slow client before it is cut off. @default 1 MiB */
  readonly maxWaitingBytes?: number;
}

/** How soon a client comes back after its connection has ended, in ms. */
const RETRY_MS = 1000;

/**
 * Makes the response. A client that does not read is cut off: it can come back with `Last-Event-ID`.
 *
 * @param options See {@linkcode EventStreamOptions}.
 */
export function eventStream(
  { signal, open, heartbeatMs = 15_000, maxWaitingBytes = 1024 * 1024 }: EventStreamOptions,
): Response {
  const encoder = new TextEncoder();
  let close = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let onClose = () => {};
      let isOver = false;
      close = () => {
        if (isOver) return;
        isOver = true;
        clearInterval(heartbeat);
        signal.removeEventListener("abort", abort);
        onClose();
      };
      // Nobody reads any more, so there is nobody to notify.
      const abort = () => close();
      const write = (text: string) => {
        if (isOver) return;
        controller.enqueue(encoder.encode(text));
        if ((controller.desiredSize ?? 0) >= 0) return;
        controller.error(new Error("the client reads too slowly"));
        close();
      };
      const heartbeat = setInterval(() => write(":\n\n"), heartbeatMs);
      signal.addEventListener("abort", abort, { once: true });
      // The first bytes tell the client that the stream is open.
      write(`retry: ${RETRY_MS}\n\n`);
      const stream: EventStream = {
        send: ({ id, name, data }) =>
          write(
            `${id === undefined ? "" : `id: ${id}\n`}${name === undefined ? "" : `event: ${name}\n`}${
              linesOf(data)
            }\n`,
          ),
        end() {
          if (!isOver) controller.close();
          close();
        },
      };
      if (signal.aborted) return abort();
      onClose = open(stream) ?? onClose;
      // It may be over before `open` has returned.
      if (isOver) onClose();
    },
    cancel: () => close(),
  }, new ByteLengthQueuingStrategy({ highWaterMark: maxWaitingBytes }));
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      // A proxy must not gather events.
      "x-accel-buffering": "no",
    },
  });
}

function linesOf(data: string): string {
  return data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`).join("");
}
