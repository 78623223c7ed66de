/**
 * Everything that Berth works with, for one test: documents in MongoDB, archives in MinIO, events from a NATS
 * server, containers on the engine. Each is reached through a passage that can be cut, and the test is an
 * instance and a segment of its own. At its end nothing of it may be left.
 *
 * @module
 */

import assert from "node:assert/strict";
import { jetstreamManager } from "@nats-io/jetstream";
import type { Collection, Document } from "mongodb";
import { LABEL } from "../../lib/engine/labels.ts";
import { type BerthProcess, startBerth } from "./berth_process.ts";
import { type BotContainer, toBotContainer } from "./bot_container.ts";
import { DOCKER_HOST, type EngineFixture, IMAGES, openEngine, until } from "./engine_support.ts";
import { EventPublisher } from "./event_publisher.ts";
import { mongoUri } from "./mongo_support.ts";
import { openNatsServer, type PrivateNatsServer } from "./nats_server.ts";
import { Passage } from "./passage.ts";
import { openStageMinio } from "./stage_minio.ts";
import { openStageMongo } from "./stage_mongo.ts";

/** A bot that does what its configuration says; without any of it, it runs. */
export const BOT = `
import os, signal, sys, time

def main(id, config):
    print("runs", flush=True)
    if config.get("crash"): sys.exit(3)
    while True: time.sleep(0.05)

def on_stop(id, config):
    time.sleep(config.get("stops_for", 0))
`;

/** What a test works with. */
export interface BotStage {
  /** Where the parts are, as Berth reaches them. */
  readonly passages: {
    readonly engine: Passage;
    readonly mongo: Passage;
    readonly minio: Passage;
    readonly nats: Passage;
  };
  /** The NATS server, running, with the stream. */
  readonly nats: PrivateNatsServer;
  /** Berth's configuration. */
  readonly env: Readonly<Record<string, string>>;
  /** What differs for a Berth that reaches each part directly. */
  readonly direct: Readonly<Record<string, string>>;
  /** The engine, without a passage. */
  readonly docker: EngineFixture["docker"];
  /** The documents, other tests' too. */
  readonly documents: Collection;
  /** The archives. */
  readonly code: {
    put(key: string, files: Record<string, string>): Promise<void>;
    delete(key: string): Promise<void>;
  };
  /** What is stored of a bot's lines, by its name here: their texts. */
  storedTexts(name: string): Promise<string[]>;
  /** Starts Berth. @param more Configuration that differs. @param flags Its permissions, if others than usual. */
  start(more?: Record<string, string>, flags?: readonly string[]): BerthProcess;
  /** The bot's id: names are each test's own. */
  id(name: string): string;
  /** A document of a bot that runs {@linkcode BOT}. */
  document(name: string, config?: Record<string, unknown>): BotDocument;
  /** Writes a document as another program would: without an event. */
  write(document: Document): Promise<void>;
  /** Publishes an event of a bot, or of another kind of document. */
  publish(type: "created" | "updated" | "deleted", document: object, kind?: "bot-schedule"): Promise<void>;
  /** Every container of this instance. */
  containers(): Promise<BotContainer[]>;
  /** The one of a bot, by its name here. */
  container(name: string): Promise<BotContainer | undefined>;
  /** Names of the private folders that exist. */
  folders(): Promise<string[]>;
}

/** A document as an API server writes it. */
export type BotDocument = Document & { readonly id: string; readonly config: Record<string, unknown> };

/** Options of {@linkcode withBots}. */
export interface BotStageOptions {
  /** The engine. @default {DOCKER_HOST} */
  readonly dockerHost?: string;
  /** Whether the publisher's stream is there. @default {true} */
  readonly stream?: boolean;
}

/** The publisher's stream. */
export const STREAM = "THE0_EVENTS";

/** @param work The test. @param options See {@linkcode BotStageOptions}. */
export async function withBots(
  work: (stage: BotStage) => Promise<void>,
  options: BotStageOptions = {},
): Promise<void> {
  const dockerHost = options.dockerHost ?? DOCKER_HOST;
  const temp = await Deno.makeTempDir({ prefix: "berth-test-" });
  const instance = `test-${crypto.randomUUID().slice(0, 8)}`;
  const segment = Math.floor(Math.random() * 999_999_999);
  await using stack = new AsyncDisposableStack();
  // Also what Berth has failed to remove.
  stack.defer(async () => void await new Deno.Command("rm", { args: ["-rf", temp] }).output());
  const engine = stack.use(
    new Passage({ path: dockerHost.slice("unix://".length) }, { path: `${temp}/docker.sock` }),
  );
  await engine.open();
  const mongo = await openStageMongo(stack, instance);
  const minio = await openStageMinio(stack, instance);
  const nats = stack.use(await openNatsServer());
  await nats.start();
  const { hostname: host, port } = new URL(nats.url.replace("nats:", "http:"));
  const toNats = stack.use(new Passage({ host, port: Number(port) }));
  await toNats.open();
  const publisher = new EventPublisher(nats);
  stack.use(publisher);
  if (options.stream ?? true) {
    const manager = await jetstreamManager(await publisher.connection());
    await manager.streams.add({ name: STREAM, subjects: ["the0.bot.*", "the0.bot-schedule.*"] });
  }
  const fixture = stack.use(openEngine({ dockerHost }));
  const env = {
    HOME: temp,
    NO_COLOR: "1",
    BERTH_INSTANCE: instance,
    SERVICES: "bots",
    SEGMENT_ID: String(segment),
    TEMP_DIR: `${temp}/runtime`,
    DATA_DIR: `${temp}/data`,
    DOCKER_HOST: `unix://${engine.address}`,
    RUNTIME_IMAGES: Object.entries(IMAGES).map((pair) => pair.join("=")).join(","),
    STOP_GRACE_SECONDS: "10",
    RECONCILE_INTERVAL: "30",
    LOG_LEVEL: "debug",
    MONGO_URI: mongo.uri,
    NATS_URL: `nats://${toNats.address}`,
    ...minio.env,
  };
  const id = (name: string) => `${instance}-${name}`;
  const containers = async () => {
    const filters = { label: [`${LABEL.instance}=${instance}`] };
    const list = await fixture.docker.listContainers({ all: true, filters });
    const found = await Promise.all(
      list.map(({ Id }) =>
        fixture.docker.getContainer(Id).inspect().catch((error) => {
          // It went meanwhile.
          if (error.statusCode !== 404) throw error;
        })
      ),
    );
    return found.filter((each) => each !== undefined).map(toBotContainer);
  };
  const stage: BotStage = {
    passages: { engine, mongo: mongo.passage, minio: minio.passage, nats: toNats },
    nats,
    env,
    direct: {
      DOCKER_HOST: dockerHost,
      MONGO_URI: mongoUri(),
      MINIO_ENDPOINT: minio.endpoint,
      NATS_URL: nats.url,
    },
    docker: fixture.docker,
    documents: mongo.documents,
    code: minio.code,
    storedTexts: (name) => minio.storedTexts(id(name)),
    start: (more = {}, flags) => stack.use(startBerth({ ...env, ...more }, flags)),
    id,
    document: (name, config = {}) => ({
      id: id(name),
      segment_id: segment,
      berth_test: instance,
      config,
      custom: {
        version: "1",
        filePath: "bot/1",
        config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
      },
    }),
    write: async (document) => {
      await mongo.documents.replaceOne({ id: document.id }, document, { upsert: true });
    },
    publish: (type, document, kind) => publisher.publish(`the0.${kind ?? "bot"}.${type}`, document),
    containers,
    container: async (name) => (await containers()).find(({ bot }) => bot === id(name)),
    folders: async () => {
      const path = `${env.TEMP_DIR}/${instance}/containers`;
      const entries = await Array.fromAsync(Deno.readDir(path)).catch(() => []);
      return entries.map(({ name }) => name);
    },
  };
  await stage.code.put("bot/1", { "main.py": BOT });
  stack.defer(async () => {
    const left = await containers();
    await Promise.all(left.map(({ id }) => fixture.orchestrator.remove(id)));
  });
  await work(stage);
}

/** Bots by their names, each with the configuration that it should run with; `undefined` for any. */
export type WantedBots = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

/** Whether the containers are exactly these, each running. @returns What is not so; the containers, when all is. */
export async function lookAt(
  { containers, folders, id }: BotStage,
  bots: WantedBots,
): Promise<{ readonly problem: unknown } | { readonly found: BotContainer[] }> {
  const found = await containers();
  try {
    assert.deepEqual(found.map(({ bot }) => bot).sort(), Object.keys(bots).map(id).sort());
    for (const [name, config] of Object.entries(bots)) {
      const one = found.find(({ bot }) => bot === id(name))!;
      assert.ok(one.running, `${name} does not run`);
      // What is Berth's is not given to the bot.
      const { berth: _, ...own } = config ?? {};
      if (config) assert.deepEqual(one.config, own);
    }
    assert.equal((await folders()).length, found.length, "private folders");
    return { found };
  } catch (problem) {
    return { problem };
  }
}

/** Waits until the containers are exactly these, each running. @returns The containers. */
export async function untilRunning(
  stage: BotStage,
  bots: WantedBots,
  limitMs = 60_000,
): Promise<BotContainer[]> {
  const end = performance.now() + limitMs;
  while (true) {
    const seen = await lookAt(stage, bots);
    if ("found" in seen) return seen.found;
    if (performance.now() > end) throw seen.problem;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** Waits until each of the containers has printed its first line: it hears signals, and has a log. */
export async function untilPrinted({ docker }: BotStage, containers: readonly BotContainer[]): Promise<void> {
  await until("a first line of each bot", async () => {
    const logs = containers.map(({ id }) => docker.getContainer(id).logs({ stdout: true }));
    return (await Promise.all(logs)).every((log) => String(log).includes("runs"));
  });
}
