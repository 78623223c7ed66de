import assert from "node:assert/strict";
import { ApiError } from "../../../../cli/client/api_client.ts";
import { readLines } from "../../../../cli/client/read_lines.ts";

/** An answer of these lines; it breaks after them if told so. */
function answer(lines: readonly string[], breaks = false): Response {
  const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
  let isSent = false;
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (!isSent) controller.enqueue(bytes);
        else if (breaks) controller.error(new TypeError("the connection is lost"));
        else controller.close();
        isSent = true;
      },
    }),
  );
}

const { signal } = new AbortController();

Deno.test("readLines() goes on after the last line when the service is back", async () => {
  const answers: (() => Response)[] = [
    () => answer(["1", "2"], true),
    () => {
      throw new TypeError("nobody answers");
    },
    () => answer(["1", "2", "3"], true),
    () => answer(["1", "2", "3", "4"]),
  ];
  const lost: boolean[] = [];
  const request = () => new Promise<Response>((resolve) => resolve(answers.shift()!()));
  const lines = await Array.fromAsync(
    readLines(request, { signal, resume: true, onLost: (is) => lost.push(is) }),
  );
  assert.deepEqual(lines, ["1", "2", "3", "4"]);
  assert.deepEqual(lost, [true, false, true, false]);
});

Deno.test("readLines() gives up at once what the service refuses, and what is not to be resumed", async () => {
  const refusal = new ApiError({
    type: "about:blank",
    title: "",
    status: 404,
    code: "run/not-found",
    detail: "",
  });
  let requests = 0;
  const refuse = () => {
    requests++;
    return Promise.reject(refusal);
  };
  await assert.rejects(
    Array.fromAsync(readLines(refuse, { signal, resume: true })),
    (error) => error === refusal,
  );
  const broken = () => {
    requests++;
    return Promise.resolve(answer(["1"], true));
  };
  await assert.rejects(Array.fromAsync(readLines(broken, { signal })), /the connection is lost/);
  assert.equal(requests, 2);
});

Deno.test("readLines() gives up at once when no service answers the first request", async () => {
  const failure = new TypeError("nobody answers");
  const lost: boolean[] = [];
  const lines = readLines(() => Promise.reject(failure), {
    signal,
    resume: true,
    onLost: (is) => lost.push(is),
  });
  await assert.rejects(Array.fromAsync(lines), (error) => error === failure);
  assert.deepEqual(lost, []);
});

Deno.test("readLines() ends with the reason of its signal while it waits for the service", async () => {
  const stop = new AbortController();
  const reason = new DOMException("Ended by SIGINT", "AbortError");
  const answers = [() => answer(["1"], true)];
  const request = () =>
    answers.length > 0 ? Promise.resolve(answers.pop()!()) : Promise.reject(new TypeError());
  const lines = readLines(request, {
    signal: stop.signal,
    resume: true,
    onLost: () => queueMicrotask(() => stop.abort(reason)),
  });
  await assert.rejects(Array.fromAsync(lines), (error) => error === reason);
});
