import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { configure, reset } from "@logtape/logtape";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { connectNats } from "../../services/nats/connect_nats.ts";
import { receiveCoreEvents } from "../../services/nats/nats_core_events.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { ChangeQueue } from "../../services/events/change_queue.ts";
import {
  durableNameOf,
  NatsBotEvents,
  type NatsBotEventsOptions,
  type NatsTimes,
} from "../../services/nats/nats_bot_events.ts";
import type { BotChange } from "../../services/documents/bot_repository.ts";
import { testBotEventsContract } from "../contract/bot_events_contract.ts";
import { EventRecorder, record } from "../support/event_recorder.ts";
import {
  findNatsObstacle,
  openNatsServer,
  type PrivateNatsServer,
  testWithNats,
} from "../support/servers/nats_server.ts";
import { pause, until } from "../support/until.ts";

const STREAM = "THE0_EVENTS";
const DURABLE = durableNameOf("test");

function eventsOf(url: string, times: Partial<NatsTimes> = {}, options: Partial<NatsBotEventsOptions> = {}) {
  return new NatsBotEvents(connectNats(url, { limitMs: 2_000, pingIntervalMs: 500 }), {
    durableName: DURABLE,
    times: { retryMs: 200, callMs: 2_000, disposeMs: 1_000, ...times },
    ...options,
  });
}

async function addStream(connection: NatsConnection, name: string = STREAM, subjects = ["the0.bot.*"]) {
  await (await jetstreamManager(connection)).streams.add({ name, subjects });
}

/** The server of the environment, or one of its own; whatever is made on it is removed. */
async function openShared(hasStream: boolean) {
  const given = Deno.env.get("NATS_URL");
  const own = given ? undefined : await openNatsServer();
  await own?.start();
  const url = given ?? own!.url;
  const name = `berth-test-${crypto.randomUUID()}`;
  const publisher = await connect({ servers: url });
  if (hasStream) await addStream(publisher, name, [`${name}.*`]);
  const events = eventsOf(url, {}, { stream: name, subjectPrefix: name });
  return {
    events,
    async publish(type: BotChange["type"], document: object) {
      publisher.publish(`${name}.${type}`, JSON.stringify(document));
      await publisher.flush();
    },
    async [Symbol.asyncDispose]() {
      await events[Symbol.asyncDispose]();
      if (hasStream) await (await jetstreamManager(publisher)).streams.delete(name);
      await publisher.close();
      await own?.[Symbol.asyncDispose]();
    },
  };
}

if (Deno.env.get("NATS_URL") || !findNatsObstacle()) {
  testBotEventsContract({
    name: "NatsBotEvents with a stream",
    mode: "jetstream",
    mayReorder: true,
    open: () => openShared(true),
  });
  testBotEventsContract({
    name: "NatsBotEvents without a stream",
    mode: "core",
    mayReorder: false,
    open: () => openShared(false),
  });
} else console.warn("NOT RUN: the contract of NatsBotEvents needs NATS_URL or the program nats-server.");

/** Publishes updates, and waits until the server has them. */
async function publish(connection: NatsConnection, ...ids: string[]): Promise<void> {
  for (const id of ids) connection.publish("the0.bot.updated", JSON.stringify({ id, config: {} }));
  await connection.flush();
}

/** As `publish`, on a connection of its own. */
async function publishOnce(server: PrivateNatsServer, ...ids: string[]): Promise<void> {
  const connection = await server.connect();
  await publish(connection, ...ids);
  await connection.close();
}

async function startWithStream(server: PrivateNatsServer): Promise<void> {
  await server.start();
  const connection = await server.connect();
  await addStream(connection);
  await connection.close();
}

async function consumerOf(connection: NatsConnection) {
  return await (await jetstreamManager(connection)).consumers.info(STREAM, DURABLE);
}

testWithNats(
  "NatsBotEvents catches up on what was published while nobody was there, once",
  async (server) => {
    await startWithStream(server);
    await publishOnce(server, "before-1", "before-2");
    {
      await using events = eventsOf(server.url);
      const recorder = await record(events);
      await recorder.untilTaken(2);
      assert.deepEqual(recorder.ids, ["before-1", "before-2"]);
      // An event whose acknowledgement is lost with the process would rightly come again.
      const connection = await server.connect();
      await until("the acknowledgements", async () => {
        const { num_pending, num_ack_pending } = await consumerOf(connection);
        return num_pending + num_ack_pending === 0;
      });
      await connection.close();
    }
    await publishOnce(server, "away-1", "away-2", "away-3");
    await using events = eventsOf(server.url);
    const recorder = await record(events);
    await recorder.untilTaken(3);
    await publishOnce(server, "back");
    await recorder.untilTaken(4);
    assert.deepEqual(recorder.ids, ["away-1", "away-2", "away-3", "back"]);
    assert.equal(recorder.given.length, 4);
  },
);

testWithNats("NatsBotEvents is soon through with a large backlog that it has applied", async (server) => {
  await startWithStream(server);
  const ids = Array.from({ length: 3_000 }, (_, index) => `bot-${index % 10}`);
  await publishOnce(server, ...ids);
  const connection = await server.connect();
  let pulls = 0;
  connection.subscribe(`$JS.API.CONSUMER.MSG.NEXT.${STREAM}.${DURABLE}`, { callback: () => void pulls++ });
  await connection.flush();
  await using events = eventsOf(server.url);
  const recorder = await record(events);
  await until("its events", () => new Set(recorder.ids).size === 10);
  await publishOnce(server, "live");
  await until("the live one", () => recorder.ids.includes("live"));
  // Live events wait behind them: 47 pulls of 64 events would take long on a busy machine.
  assert.ok(pulls > 0 && pulls <= 12, `${pulls} pulls`);
  assert.equal(recorder.ids.filter((id) => id === "live").length, 1);
  await connection.close();
});

testWithNats("NatsBotEvents makes a consumer as documented, and leaves the stream alone", async (server) => {
  await startWithStream(server);
  const connection = await server.connect();
  const before = await (await jetstreamManager(connection)).streams.info(STREAM);
  {
    await using events = eventsOf(server.url);
    await record(events);
    const { config } = await consumerOf(connection);
    assert.equal(config.durable_name, "berth-test-bots");
    assert.equal(config.ack_policy, AckPolicy.Explicit);
    assert.equal(config.deliver_policy, DeliverPolicy.All);
    assert.equal(config.filter_subject, "the0.bot.*");
    assert.equal(config.max_deliver, -1);
    assert.equal(config.deliver_subject, undefined);
  }
  // Kept for the next start, and changed where a new version wants it otherwise.
  await using events = eventsOf(server.url, { ackWaitMs: 7_000 });
  await record(events);
  assert.equal((await consumerOf(connection)).config.ack_wait, 7_000_000_000);
  const after = await (await jetstreamManager(connection)).streams.info(STREAM);
  assert.deepEqual(after.config, before.config);
  await connection.close();
});

testWithNats("NatsBotEvents acknowledges an event after it was taken, not before", async (server) => {
  await startWithStream(server);
  const connection = await server.connect();
  await using events = eventsOf(server.url);
  const recorder = await record(events);
  const { promise, resolve } = Promise.withResolvers<void>();
  recorder.apply = () => promise;
  await publish(connection, "b");
  await recorder.until("the change", () => recorder.given.length === 1);
  assert.equal((await consumerOf(connection)).num_ack_pending, 1);
  resolve();
  await until("the acknowledgement", async () => (await consumerOf(connection)).ack_floor.stream_seq === 1);
  await connection.close();
});

testWithNats("NatsBotEvents keeps an event while it is applied for long", async (server) => {
  await startWithStream(server);
  const connection = await server.connect();
  await using events = eventsOf(server.url, { ackWaitMs: 300 });
  const recorder = await record(events);
  const { promise, resolve } = Promise.withResolvers<void>();
  recorder.apply = () => promise;
  await publish(connection, "slow");
  await recorder.until("the change", () => recorder.given.length === 1);
  // Another reader is not given it meanwhile, as after a crash of ours.
  const other = await jetstream(connection).consumers.get(STREAM, DURABLE);
  assert.equal(await other.next({ expires: 1_200 }), null);
  resolve();
  await recorder.untilTaken(1);
  await publish(connection, "next");
  await recorder.untilTaken(2);
  assert.deepEqual(recorder.given.map(({ id }) => id), ["slow", "next"]);
  await connection.close();
});

testWithNats("NatsBotEvents is given the event again that a crash interrupted", async (server) => {
  await startWithStream(server);
  const crashed = eventsOf(server.url, { ackWaitMs: 1_000, disposeMs: 10 });
  const hanging = await record(crashed);
  hanging.apply = () => new Promise(() => {});
  await publishOnce(server, "b");
  await hanging.until("the change", () => hanging.given.length === 1);
  await crashed[Symbol.asyncDispose]();
  await using events = eventsOf(server.url, { ackWaitMs: 1_000 });
  const recorder = await record(events);
  await recorder.untilTaken(1);
  assert.deepEqual(recorder.ids, ["b"]);
});

testWithNats("NatsBotEvents looks for a stream again once it would be told of one", async (server) => {
  await server.start({ jetstream: false });
  const connection = await server.connect();
  const end = new AbortController();
  const { signal } = end;
  const timer = setTimeout(() => end.abort(), 20_000);
  let isSubscribed = false;
  // It was made after the look before; the next would be in an hour.
  const found = await receiveCoreEvents({
    connection,
    subjectPrefix: "the0.bot",
    stream: STREAM,
    findStream: () => Promise.resolve(isSubscribed ? "found" : undefined),
    streamCheckMs: 3_600_000,
    callMs: 5_000,
    onSubscribed: () => isSubscribed = true,
    handlers: new EventRecorder(),
    queue: new ChangeQueue({ clock: systemClock, signal }),
    clock: systemClock,
    signal,
  });
  clearTimeout(timer);
  assert.equal(found, "found");
  await connection.close();
});

testWithNats("NatsBotEvents waits for a server that comes later, and says so meanwhile", async (server) => {
  await using events = eventsOf(server.url);
  const recorder = new EventRecorder();
  events.subscribe(recorder);
  const detail = () => {
    const status = events.status();
    return status.state === "connecting" ? status.detail : "";
  };
  await until("a try", () => detail().includes("nothing listens there"));
  assert.match(detail(), new RegExp(`cannot reach ${server.url}`));
  assert.equal(recorder.gaps, 0);
  await startWithStream(server);
  await recorder.until("the connection", () => recorder.gaps > 0);
  await until("the stream", () => JSON.stringify(events.status()).includes("jetstream"));
  await publishOnce(server, "b");
  await recorder.untilTaken(1);
});

for (const how of ["TERM", "KILL"] as const) {
  testWithNats(`NatsBotEvents outlives restarts of the server (SIG${how})`, async (server) => {
    await startWithStream(server);
    await using events = eventsOf(server.url, { ackWaitMs: 1_000 });
    const recorder = await record(events);
    for (let round = 1; round <= 3; round++) {
      const publisher = await server.connect();
      const gaps = recorder.gaps;
      await publish(publisher, `up-${round}`);
      await recorder.until("the change", () => recorder.ids.includes(`up-${round}`));
      // The acknowledgement must not be lost with the server here, or the event would rightly come again.
      await until("the acknowledgement", async () => (await consumerOf(publisher)).num_ack_pending === 0);
      await publisher.close();
      await server.signal(how);
      await until("the loss", () => events.status().state === "connecting");
      await server.start();
      await publishOnce(server, `down-${round}-a`, `down-${round}-b`);
      await recorder.until("the next change", () => recorder.ids.includes(`down-${round}-b`));
      await recorder.until("the gap", () => recorder.gaps > gaps);
    }
    // A server that was killed may have forgotten an acknowledgement: that event comes again, with its sequence.
    const taken = new Map(recorder.taken.map(({ id, order }) => [order.sequence, id]));
    if (how === "TERM") assert.equal(recorder.given.length, taken.size);
    assert.deepEqual(
      [...taken.values()],
      [1, 2, 3].flatMap((n) => [`up-${n}`, `down-${n}-a`, `down-${n}-b`]),
    );
    assert.deepEqual(events.status(), { state: "connected", mode: "jetstream" });
  });
}

testWithNats("NatsBotEvents notices a server that has fallen silent", async (server) => {
  await startWithStream(server);
  await using events = eventsOf(server.url);
  const recorder = await record(events);
  await server.signal("STOP");
  await until("the loss", () => JSON.stringify(events.status()).includes("does not answer"));
  await server.signal("CONT");
  await recorder.until("the next connection", () => recorder.gaps > 1);
  await publishOnce(server, "b");
  await recorder.untilTaken(1);
});

testWithNats("NatsBotEvents makes a consumer anew that was deleted, and loses nothing", async (server) => {
  await startWithStream(server);
  const connection = await server.connect();
  await using events = eventsOf(server.url);
  const recorder = await record(events);
  await publish(connection, "a");
  await recorder.untilTaken(1);
  for (let round = 1; round <= 3; round++) {
    const gaps = recorder.gaps;
    await (await jetstreamManager(connection)).consumers.delete(STREAM, DURABLE);
    await publish(connection, `b-${round}`);
    await recorder.until("the change", () => recorder.ids.includes(`b-${round}`));
    await recorder.until("the gap", () => recorder.gaps > gaps);
  }
  // The new consumer begins at the beginning: what was applied before has the sequence that it had.
  const sequences = new Map<string, Set<number>>();
  for (const { id, order } of recorder.taken) {
    sequences.set(id, (sequences.get(id) ?? new Set()).add(order.sequence!));
  }
  assert.deepEqual([...sequences.values()].map(({ size }) => size), [1, 1, 1, 1]);
  await connection.close();
});

testWithNats("NatsBotEvents does without a stream until there is one, and changes over", async (server) => {
  await server.start();
  const connection = await server.connect();
  await using events = eventsOf(server.url);
  const recorder = await record(events);
  assert.deepEqual(events.status(), { state: "connected", mode: "core" });
  await publish(connection, "core");
  await recorder.untilTaken(1);
  assert.equal(recorder.taken[0]!.order.sequence, undefined);
  // Told by the server, and not found by the next look a minute later.
  await addStream(connection);
  await recorder.until("the change-over", () => recorder.gaps === 2);
  assert.deepEqual(events.status(), { state: "connected", mode: "jetstream" });
  await publish(connection, "stream");
  await recorder.untilTaken(2);
  assert.ok(recorder.taken[1]!.order.sequence! > 0);
  await publish(connection, "last");
  await recorder.untilTaken(3);
  assert.deepEqual(recorder.ids, ["core", "stream", "last"]);
  await connection.close();
});

/** Starts a server with a configuration, and `-js` unless that is said otherwise. */
async function startWithConfig(server: PrivateNatsServer, config: string): Promise<void> {
  const file = await Deno.makeTempFile({ prefix: "berth-test-nats-", suffix: ".conf" });
  try {
    await Deno.writeTextFile(file, config);
    await server.start({ args: ["-c", file] });
  } finally {
    await Deno.remove(file);
  }
}

function withLogin(url: string, login: string): string {
  return url.replace("//", `//${login}@`);
}

testWithNats(
  "NatsBotEvents looks for a stream now and then where the server does not tell",
  async (server) => {
    const user = `{ user: u, password: "p w/@", permissions: { subscribe: { deny: "$JS.EVENT.>" } } }`;
    await startWithConfig(server, `authorization { users: [ ${user}, { user: p, password: p } ] }`);
    await using events = eventsOf(withLogin(server.url, "u:p%20w%2F%40"), { streamCheckMs: 100 });
    const recorder = await record(events);
    assert.deepEqual(events.status(), { state: "connected", mode: "core" });
    const connection = await connect({ servers: server.url, user: "p", pass: "p", reconnect: false });
    await addStream(connection);
    await recorder.until("the change-over", () => recorder.gaps === 2);
    await publish(connection, "b");
    await recorder.untilTaken(1);
    await connection.close();
  },
);

testWithNats(
  "NatsBotEvents goes on without a stream that was deleted, and with the next one",
  async (server) => {
    await startWithStream(server);
    const connection = await server.connect();
    const { streams } = await jetstreamManager(connection);
    await using events = eventsOf(server.url);
    const recorder = await record(events);
    await publish(connection, "a-1", "a-2", "a-3");
    await recorder.untilTaken(3);
    await streams.delete(STREAM);
    await until("the fallback", () => JSON.stringify(events.status()).includes("core"));
    await recorder.until("the gap", () => recorder.gaps === 2);
    await publish(connection, "b");
    await recorder.untilTaken(4);
    await pause(1_000, "creation times count in seconds");
    await addStream(connection);
    await recorder.until("the change-over", () => recorder.gaps === 3);
    await publish(connection, "c");
    await recorder.untilTaken(5);
    assert.deepEqual(recorder.ids, ["a-1", "a-2", "a-3", "b", "c"]);
    const [first, , last, , next] = recorder.taken.map(({ order }) => order.sequence);
    assert.equal(last! - first!, 2);
    assert.ok(next! > last!, "the sequences of the new stream, which begin at 1, count as later");
    assert.ok(Number.isSafeInteger(next));
    await connection.close();
  },
);

testWithNats(
  "NatsBotEvents does without JetStream where it is off, and with it where it is on",
  async (server) => {
    await startWithStream(server);
    await using events = eventsOf(server.url);
    const recorder = await record(events);
    for (const [jetstream, mode] of [[false, "core"], [true, "jetstream"]] as const) {
      await server.signal("TERM");
      await until("the loss", () => events.status().state === "connecting");
      await server.start({ jetstream });
      await until("the connection", () => events.status().state === "connected");
      assert.deepEqual(events.status(), { state: "connected", mode });
      await publishOnce(server, mode);
      await recorder.until("the change", () => recorder.ids.includes(mode));
    }
    assert.deepEqual(recorder.ids, ["core", "jetstream"]);
  },
);

testWithNats(
  "NatsBotEvents keeps what came without a stream, and its place before what follows",
  async (server) => {
    await server.start();
    const connection = await server.connect();
    await using events = eventsOf(server.url);
    const recorder = await record(events);
    let isAway = true;
    recorder.apply = () => {
      if (isAway) throw new Error("away");
    };
    const send = (id: string, version: number) =>
      connection.publish("the0.bot.updated", JSON.stringify({ id, version }));
    send("b", 1);
    await recorder.until("a try", () => recorder.given.length > 0);
    await addStream(connection);
    await recorder.until("the change-over", () => recorder.gaps === 2);
    send("b", 2);
    send("b", 3);
    await connection.flush();
    await until(
      "the next events at our consumer",
      async () => (await consumerOf(connection)).num_ack_pending > 0,
    );
    isAway = false;
    await recorder.untilTaken(3);
    const versions = recorder.taken.map((change) => change.type === "updated" && change.document.version);
    assert.equal(versions[0], 1);
    assert.deepEqual(versions.toSorted(), [1, 2, 3]);
    await connection.close();
  },
);

for (const mode of ["jetstream", "core"] as const) {
  testWithNats(`NatsBotEvents drops what cannot be understood and goes on (${mode})`, async (server) => {
    await startWithConfig(server, "max_payload: 8MB");
    const connection = await server.connect();
    if (mode === "jetstream") await addStream(connection);
    await using events = eventsOf(server.url);
    const recorder = await record(events);
    const payloads: [string, string][] = [
      ["updated", ""],
      ["updated", "{"],
      ["updated", "[]"],
      ["updated", '{"id":7,"config":{}}'],
      ["updated", '{"entity_id":"a","data":{"id":"b","config":{}}}'],
      ["renamed", '{"id":"b","config":{}}'],
      ["updated", JSON.stringify({ id: "b", config: "x".repeat(2_000_000) })],
      ["created", `{"id":"b","config":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
      ["deleted", '{"id":"a\\u0000"}'],
    ];
    for (const [type, payload] of payloads) connection.publish(`the0.bot.${type}`, payload);
    await publish(connection, "good");
    await recorder.untilTaken(1);
    assert.deepEqual(recorder.given.map(({ id }) => id), ["good"]);
    assert.deepEqual(
      recorder.malformed.map(({ subject }) => subject),
      payloads.map(([type]) => `the0.bot.${type}`),
    );
    assert.match(recorder.malformed[6]!.problem, /2000022 bytes/);
    if (mode === "jetstream") {
      await until("the end of all", async () => (await consumerOf(connection)).ack_floor.stream_seq === 10);
    }
    await connection.close();
  });

  testWithNats(`NatsBotEvents receives nothing of other kinds (${mode})`, async (server) => {
    await server.start();
    const connection = await server.connect();
    if (mode === "jetstream") await addStream(connection, STREAM, ["the0.>"]);
    await using events = eventsOf(server.url);
    const recorder = await record(events);
    for (const subject of ["the0.bot-schedule.updated", "the0.bot.updated.x", "the0.bot"]) {
      connection.publish(subject, '{"id":"other","config":{}}');
    }
    await publish(connection, "b");
    await recorder.untilTaken(1);
    assert.deepEqual([recorder.ids, recorder.malformed], [["b"], []]);
    await connection.close();
  });
}

testWithNats(
  "NatsBotEvents shares the events of a server without a stream with its group",
  async (server) => {
    await server.start();
    const connection = await server.connect();
    await using one = eventsOf(server.url);
    await using other = eventsOf(server.url);
    const recorders = [await record(one), await record(other)];
    const ids = Array.from({ length: 40 }, (_, i) => `b-${i}`);
    await publish(connection, ...ids);
    await until("all changes", () => recorders.flatMap((recorder) => recorder.ids).length >= 40);
    assert.deepEqual(recorders.flatMap((recorder) => recorder.ids).toSorted(), ids.toSorted());
    await connection.close();
  },
);

testWithNats(
  "NatsBotEvents says once that there is no stream, and nothing of it when a server restarts",
  async (server) => {
    const warnings: string[] = [];
    await configure({
      sinks: { test: ({ level, message }) => void (level === "warning" && warnings.push(message.join(""))) },
      loggers: [{ category: ["berth", "events"], sinks: ["test"] }, {
        category: ["logtape", "meta"],
        sinks: [],
      }],
    });
    try {
      await using events = eventsOf(server.url);
      events.subscribe(new EventRecorder());
      const restart = async (mode: string) => {
        await server.signal("TERM");
        await until("the loss", () => events.status().state === "connecting");
        await server.start();
        await until("the connection", () => JSON.stringify(events.status()).includes(mode));
      };
      const ofStreams = () => warnings.filter((text) => text.includes("without a stream"));
      await server.start();
      for (let i = 0; i < 3; i++) await restart("core");
      assert.equal(ofStreams().length, 1);
      assert.match(ofStreams()[0]!, /there is no stream.*THE0_EVENTS/);
      const connection = await server.connect();
      await addStream(connection);
      await connection.close();
      await until("the change-over", () => JSON.stringify(events.status()).includes("jetstream"));
      for (let i = 0; i < 3; i++) await restart("jetstream");
      assert.equal(ofStreams().length, 1);
    } finally {
      await reset();
    }
  },
);

testWithNats("NatsBotEvents leaves a consumer of another kind alone, and does without it", async (server) => {
  await startWithStream(server);
  const connection = await server.connect();
  const { consumers } = await jetstreamManager(connection);
  await consumers.add(STREAM, { durable_name: DURABLE, ack_policy: AckPolicy.None });
  await using events = eventsOf(server.url, { streamCheckMs: 100 });
  const recorder = await record(events);
  assert.deepEqual(events.status(), { state: "connected", mode: "core" });
  assert.equal((await consumerOf(connection)).config.ack_policy, AckPolicy.None);
  await consumers.delete(STREAM, DURABLE);
  await recorder.until("the change-over", () => recorder.gaps === 2);
  await connection.close();
});

testWithNats(
  "NatsBotEvents says that its login is refused, tries again, and tells no password",
  async (server) => {
    await startWithConfig(server, `authorization { user: u, password: "s3cr3t" }`);
    await using events = eventsOf(withLogin(server.url, "u:wr0ng-w0rd"));
    events.subscribe(new EventRecorder());
    await until(
      "the refusal",
      () => /refuses the login .*Authorization Violation/.test(JSON.stringify(events.status())),
    );
    assert.ok(!JSON.stringify(events.status()).includes("wr0ng"));
    await server.signal("TERM");
    await until("the next try", () => JSON.stringify(events.status()).includes("nothing listens there"));
  },
);

testWithNats("NatsBotEvents takes the first of several servers that answers", async (server) => {
  await startWithStream(server);
  await using events = eventsOf(`nats://127.0.0.1:1, ${server.url}`);
  await record(events);
  assert.deepEqual(events.status(), { state: "connected", mode: "jetstream" });
});

testWithNats("NatsBotEvents ends at once, whatever the server does", async (server) => {
  await startWithStream(server);
  for (const signal of [undefined, "STOP", "KILL"] as const) {
    const events = eventsOf(server.url);
    await record(events);
    if (signal) await server.signal(signal);
    const since = performance.now();
    await events[Symbol.asyncDispose]();
    assert.ok(performance.now() - since < 10_000, `${signal}: ${performance.now() - since} ms`);
    await events[Symbol.asyncDispose]();
    if (signal === "STOP") await server.signal("CONT");
  }
});

Deno.test("NatsBotEvents gives up a server that takes connections and says nothing, and leaves none open", async () => {
  const open = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    count++;
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket)).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const connector = connectNats(`127.0.0.1:${(server.address() as AddressInfo).port}`, { limitMs: 50 });
    const events = new NatsBotEvents(connector, { durableName: DURABLE, times: { retryMs: 20 } });
    const recorder = new EventRecorder();
    events.subscribe(recorder);
    await until("a few tries", () => count >= 4);
    assert.match(JSON.stringify(events.status()), /it does not answer/);
    await events[Symbol.asyncDispose]();
    await until("the end of the connections", () => open.size === 0);
    assert.equal(recorder.gaps, 0);
  } finally {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

Deno.test("NatsBotEvents gives up what is no NATS server", async () => {
  const server = createServer((socket) =>
    socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n")
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await using events = eventsOf(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    events.subscribe(new EventRecorder());
    await until(
      "the refusal",
      () => JSON.stringify(events.status()).includes("what answers is no NATS server"),
    );
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
