import assert from "node:assert/strict";
import type { BerthEvent } from "../../../services/contract/events.ts";
import { eventStream } from "../../../services/api/event_stream.ts";
import { ServiceFixture } from "../../support/fixtures/service_fixture.ts";
import { until } from "../../support/until.ts";

interface Received {
  readonly id?: string;
  readonly name: string;
  readonly event: BerthEvent;
}

/** Follows events, as a client of any language does. */
class Follower implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly #ending = new AbortController();
  #reading: Promise<void> = Promise.resolve();

  static async open(
    service: ServiceFixture,
    { lastId, bot, query = {} }: { lastId?: string; bot?: string; query?: Record<string, string> } = {},
  ): Promise<Follower> {
    const follower = new Follower();
    const options = {
      signal: follower.#ending.signal,
      ...(lastId !== undefined && { headers: { "last-event-id": lastId } }),
    };
    const response = bot === undefined
      ? await service.client.request("streamEvents", { query }, options)
      : await service.client.request("streamBotEvents", { params: { id: bot }, query }, options);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    follower.#reading = follower.#read(response.body!).catch(() => {});
    return follower;
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
        const name = field("event");
        if (name === undefined) continue;
        this.received.push({ id: field("id")!, name, event: JSON.parse(field("data")!) });
      }
    }
  }

  async until(count: number): Promise<Received[]> {
    await until(`${count} events`, () => this.received.length >= count);
    return this.received;
  }

  /** Resolves when the server has ended the stream. */
  get end(): Promise<void> {
    return this.#reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#reading;
  }
}

const textsOf = (received: readonly Received[]) => received.map(({ event: { id, text } }) => `${id} ${text}`);

Deno.test("streamEvents tells of conditions, containers, documents and runs as they happen", async () => {
  await using service = await ServiceFixture.open();
  await using all = await Follower.open(service);
  await all.until(1);
  await using one = await Follower.open(service, { bot: "b" });
  await one.until(1);
  const { state } = service.composed.bots;
  state.setRunningBot({ id: "a", condition: { type: "starting", attempt: 1 } });
  state.setRunningBot({ id: "a", condition: { type: "starting", attempt: 1 }, containerId: "c" });
  const container = { containerId: "c", attempt: 1, at: new Date(1000) };
  state.report({ ...container, id: "a", type: "started" });
  const exit = { ...container, startedAt: new Date(0), exit: { exitCode: 1 } };
  state.report({ ...exit, id: "a", type: "exited" });
  state.report({ ...exit, id: "b", type: "stopped", why: "disabled" });
  state.removeRunningBot("a");
  state.removeRunningBot("a");
  const custom = { version: "7", filePath: "x", config: { entrypoints: { bot: "main.py" } } };
  await service.client.call("putBot", { params: { id: "b" }, body: { config: {}, custom } });
  await service.client.call("deleteBot", { params: { id: "b" } });
  const expected = [
    "a starting",
    "a started",
    "a exited: exit code 1",
    "b stopped: disabled (exit code 1)",
    "a gone",
    "b document created (version 7)",
    "b document removed",
  ];
  const received = (await all.until(8)).slice(1);
  assert.deepEqual(textsOf(received), expected);
  assert.deepEqual(received.map(({ name }) => name), [
    "condition",
    "started",
    "exited",
    "stopped",
    "gone",
    "document",
    "document",
  ]);
  assert.deepEqual(textsOf((await one.until(4)).slice(1)), expected.filter((text) => text.startsWith("b ")));
});

Deno.test("streamEvents continues after the last event that a client has, or says that it cannot", async () => {
  await using service = await ServiceFixture.open();
  const show = (id: string, attempt: number) =>
    service.composed.bots.state.setRunningBot({ id, condition: { type: "starting", attempt } });
  await using first = await Follower.open(service);
  const [open] = await first.until(1);
  for (const attempt of [1, 2, 3]) show("a", attempt);
  const received = await first.until(4);
  await using fromStart = await Follower.open(service, { lastId: open!.id! });
  assert.deepEqual(textsOf(await fromStart.until(3)), textsOf(received.slice(1)));
  await using later = await Follower.open(service, { lastId: received[2]!.id! });
  assert.deepEqual(textsOf(await later.until(1)), ["a starting (start 3 in a row)"]);
  show("a", 4);
  assert.deepEqual(textsOf(await later.until(2)), [
    "a starting (start 3 in a row)",
    "a starting (start 4 in a row)",
  ]);
  // More than are kept.
  for (let attempt = 5; attempt < 1100; attempt++) show("a", attempt);
  await using late = await Follower.open(service, { lastId: received[2]!.id! });
  assert.equal((await late.until(1))[0]!.name, "reset");
  await using afterReset = await Follower.open(service, { lastId: late.received[0]!.id! });
  await afterReset.until(1);
  show("b", 1);
  assert.deepEqual(textsOf((await afterReset.until(2)).slice(1)), ["b starting"]);
  await service.stop();
  await service.start();
  await using restarted = await Follower.open(service, { lastId: received[2]!.id! });
  const [reset] = await restarted.until(1);
  assert.equal(reset!.name, "reset");
  assert.match(JSON.stringify(reset!.event), /restarted/);
});

Deno.test("streamEvents gives the last events alone if asked, and ends", async () => {
  await using service = await ServiceFixture.open();
  for (const id of ["a", "b", "c"]) {
    service.composed.bots.state.setRunningBot({ id, condition: { type: "running" } });
  }
  await using last = await Follower.open(service, { query: { last: "2", follow: "false" } });
  await last.end;
  assert.deepEqual(textsOf(last.received), ["b running", "c running"]);
});

Deno.test("a service ends while clients follow its events", async () => {
  await using service = await ServiceFixture.open();
  await using follower = await Follower.open(service);
  await follower.until(1);
  await service.stop();
  await follower.end;
});

Deno.test("eventStream() keeps the connection alive, and stops when the client goes", async () => {
  const ending = new AbortController();
  let isClosed = false;
  const response = eventStream({
    signal: ending.signal,
    heartbeatMs: 1,
    open: () => () => isClosed = true,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.endsWith(":\n\n:\n\n")) text += (await reader.read()).value;
  assert.equal(isClosed, false);
  await reader.cancel();
  await until("the stream is closed", () => isClosed);
});

Deno.test("eventStream() cuts off a client that does not read", async () => {
  let isClosed = false;
  let sent = 0;
  const response = eventStream({
    signal: new AbortController().signal,
    maxWaitingBytes: 10_000,
    open(stream) {
      for (; sent < 1000; sent++) stream.send({ data: "x".repeat(100) });
      return () => isClosed = true;
    },
  });
  assert.equal(isClosed, true);
  await assert.rejects(response.text(), /too slowly/);
});
