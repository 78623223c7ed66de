/**
 * Random sequences of events, rollbacks, redeliveries and restarts, against what the publisher meant.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { connectNats } from "../../services/nats/connect_nats.ts";
import { connectSqlite } from "../../services/sqlite/connect_sqlite.ts";
import { BOTS as MONGO_BOTS } from "../../services/mongo/mongo_document_kind.ts";
import { MongoDocumentRepository } from "../../services/mongo/mongo_document_repository.ts";
import { durableNameOf, NatsBotEvents } from "../../services/nats/nats_bot_events.ts";
import { BOTS } from "../../services/sqlite/sqlite_document_kind.ts";
import { SqliteDocumentRepository } from "../../services/sqlite/sqlite_document_repository.ts";
import type { BotChange, BotDocument, BotRepository } from "../../services/documents/bot_repository.ts";
import { type SeededRandom, seededRandom } from "../support/seeded_random.ts";
import { makeMongoDatabase } from "../support/servers/mongo_fixture.ts";
import { openNatsServer } from "../support/servers/nats_server.ts";
import { pause, until } from "../support/until.ts";

const STREAM = "THE0_EVENTS";
const DURABLE = durableNameOf("test");
const CODE = [1000, 2000, 3000];

/** A publisher and its idea of every document. */
class Publisher {
  readonly documents = new Map<string, BotDocument>();
  readonly #connection: NatsConnection;
  readonly #random: SeededRandom;
  #count = 0;

  constructor(connection: NatsConnection, random: SeededRandom) {
    this.#connection = connection;
    this.#random = random;
  }

  /** Does something to a document, and tells it; some events are sent twice. */
  act(id: string): void {
    const random = this.#random;
    const before = this.documents.get(id);
    const chance = random.next();
    if (!before) return this.#send("created", id, this.#document(id, random.pick(CODE)));
    if (chance < 0.12) return this.#send("deleted", id);
    if (chance < 0.2) return this.#send("created", id, { ...before, config: { never: true } });
    const { updatedAt } = before.custom as { updatedAt: number };
    // Half of the changes go to another version of the code, earlier or later.
    const code = chance < 0.6 ? random.pick(CODE) : updatedAt;
    this.#send("updated", id, this.#document(id, code));
  }

  #document(id: string, updatedAt: number): BotDocument {
    const config = { count: ++this.#count, ...(this.#random.next() < 0.3 && { enabled: false }) };
    const wide = this.#random.next() < 0.2 ? { note: `note ${this.#count}` } : {};
    return { id, config, custom: { version: String(updatedAt), updatedAt }, ...wide };
  }

  #send(type: BotChange["type"], id: string, document: BotDocument = { id }): void {
    const before = this.documents.get(id);
    if (type === "deleted") this.documents.delete(id);
    else if (type === "updated" || !before) this.documents.set(id, { ...before, ...document });
    const payload = JSON.stringify(document);
    for (let i = this.#random.next() < 0.1 ? 2 : 1; i > 0; i--) {
      this.#connection.publish(`the0.bot.${type}`, payload);
    }
  }
}

async function openSqlite() {
  const root = await Deno.makeTempDir({ prefix: "berth-test-" });
  const database = connectSqlite(join(root, "berth.db"));
  const insert = "INSERT OR REPLACE INTO bots (id, document) VALUES (?, ?)";
  return {
    repository: new SqliteDocumentRepository(database, BOTS) as BotRepository,
    seed: (id: string, document: BotDocument) =>
      Promise.resolve(void database.prepare(insert).run(id, JSON.stringify(document))),
    async [Symbol.asyncDispose]() {
      database.close();
      await Deno.remove(root, { recursive: true });
    },
  };
}

async function openMongo() {
  const mongo = makeMongoDatabase();
  const { client, name, database } = mongo;
  return await Promise.resolve({
    repository: new MongoDocumentRepository(client, MONGO_BOTS, { database: name }) as BotRepository,
    seed: async (_id: string, document: BotDocument) =>
      void await database.collection("bots").insertOne({ ...document }),
    [Symbol.asyncDispose]: () => mongo[Symbol.asyncDispose](),
  });
}

for (const [name, open, bots] of [["SQLite", openSqlite, 200], ["MongoDB", openMongo, 60]] as const) {
  Deno.test(`${bots} random sequences of events end in ${name} in the state that the publisher meant`, async () => {
    const seed = Number(Deno.env.get("BERTH_TEST_SEED") ?? 20261128);
    const random = seededRandom(seed);
    await using server = await openNatsServer();
    await server.start();
    const connection = await server.connect();
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: STREAM, subjects: ["the0.bot.*"] });
    await using store = await open();
    const { repository } = store;
    await repository.open();
    const publisher = new Publisher(connection, random);
    const ids = Array.from({ length: bots }, (_, i) => `bot-${i}`);
    const actRandomly = async (times: number) => {
      for (let i = 0; i < times; i++) publisher.act(random.pick(ids));
      await connection.flush();
    };
    // Another runner has applied it all to half of the documents, and something was missed of the others.
    await actRandomly(3 * bots);
    for (const id of ids.slice(0, bots / 2)) {
      const document = publisher.documents.get(id);
      if (document) await store.seed(id, document);
    }
    let isCalm = false;
    const subscribe = () => {
      const events = new NatsBotEvents(connectNats(server.url), {
        durableName: DURABLE,
        times: { ackWaitMs: 500, disposeMs: 20, retryMs: 100 },
      });
      events.subscribe({
        async onChange(change) {
          const chance = isCalm ? 1 : random.next();
          if (chance < 0.08) throw new Error("the database is down");
          await repository.apply(change);
          if (chance < 0.16) throw new Error("killed after the write");
        },
        onMalformed: (_subject, problem) => assert.fail(problem),
        onGap() {},
      });
      return events;
    };
    for (let life = 0; life < 8; life++) {
      const events = subscribe();
      // Events published before Berth first connected do not count more than the documents that are there.
      if (life === 0) await events.caughtUp();
      for (let i = 0; i < 4; i++) {
        await actRandomly(bots / 4);
        await pause(random.below(120), "lives end in the middle of everything");
      }
      await events[Symbol.asyncDispose]();
      await actRandomly(bots / 4);
    }
    isCalm = true;
    await using events = subscribe();
    await events.caughtUp();
    const { state: { last_seq: last } } = await manager.streams.info(STREAM);
    await until("all to be taken", async () => {
      const { num_pending, num_ack_pending } = await manager.consumers.info(STREAM, DURABLE);
      return num_pending + num_ack_pending === 0;
    });
    const stored = new Map((await repository.list()).map(({ key, document }) => [key, document]));
    for (const id of ids) {
      assert.deepEqual(stored.get(id), publisher.documents.get(id), `${id}, seed ${seed}, ${last} events`);
    }
    await connection.close();
  });
}
