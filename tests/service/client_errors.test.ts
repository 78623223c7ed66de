import assert from "node:assert/strict";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { connectMinio } from "../../lib/objects/minio/connect_minio.ts";
import { DockerodeOrchestrator } from "../../lib/engine/docker/dockerode_orchestrator.ts";
import { MinioObjectStore } from "../../lib/objects/minio/minio_object_store.ts";
import { ContainerBuilder } from "../../lib/executable/container_builder.ts";
import { BerthError } from "../../lib/errors.ts";
import { connectMongo } from "../../services/mongo/connect_mongo.ts";
import { connectNats } from "../../services/nats/connect_nats.ts";
import { BOTS } from "../../services/mongo/mongo_document_kind.ts";
import { MongoDocumentRepository } from "../../services/mongo/mongo_document_repository.ts";
import { NatsBotEvents } from "../../services/nats/nats_bot_events.ts";
import { NatsBotPublisher } from "../../services/nats/nats_bot_publisher.ts";
import type { BotChange } from "../../services/documents/bot_repository.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { type HostileServer, HOSTILITIES, openHostileServer } from "../support/servers/hostile_server.ts";

// An error that a library emits where nobody listens ends the process. Every client meets every hostile server here:
// each call has to end, with an error of Berth's where it fails, and nothing may be left for the process to catch.

const LIMIT_MS = 250;
const CHANGE: BotChange = { type: "updated", id: "a", document: { config: {} }, order: {} };

type Calls = readonly (() => Promise<unknown>)[];

const CLIENTS: Readonly<Record<string, (server: HostileServer) => Promise<void>>> = {
  async dockerode({ path }) {
    const timeouts = {
      callMs: LIMIT_MS,
      startMs: LIMIT_MS,
      stopMarginMs: LIMIT_MS,
      pullStallMs: LIMIT_MS,
      engineReturnMs: LIMIT_MS,
      cleanupMs: LIMIT_MS,
    };
    await using engine = new DockerodeOrchestrator(connectDocker(`unix://${path}`), { timeouts });
    const spec = new ContainerBuilder("x", "img").withCommand(["true"]).build();
    const signal = AbortSignal.timeout(4 * LIMIT_MS);
    await endAll([
      () => engine.info(),
      () => engine.hasImage("x"),
      () => engine.pullImage("x"),
      () => engine.createAndStart(spec),
      () => engine.runAndWait(spec, { signal }),
      () => engine.wait("x", { signal }),
      () => engine.stop("x", { graceSeconds: 0 }),
      () => engine.remove("x"),
      () => Array.fromAsync(engine.getLogs("x")),
      () => Array.fromAsync(engine.getLogs("x", { follow: true, signal })),
      () => Array.fromAsync(engine.readLog("x", { signal })),
      () => Array.fromAsync(engine.attach("x", { signal })),
      () => engine.copyFromContainer("x", "/x", { maxBytes: 10 }),
      () => engine.getStatus("x"),
      () => engine.listContainers(),
      () => Array.fromAsync(engine.watch({ signal })),
    ], signal);
  },
  async minio({ port }) {
    const client = connectMinio({
      endPoint: "127.0.0.1",
      port,
      useSSL: false,
      accessKey: "a",
      secretKey: "b",
    });
    const store = new MinioObjectStore(client, { timeouts: { callMs: LIMIT_MS } });
    const bytes = new Uint8Array(10);
    await endAll([
      () => store.ensureBucket("bucket"),
      async () => {
        const { body } = await store.get("bucket", "key");
        await new Response(body).arrayBuffer();
      },
      () => store.stat("bucket", "key"),
      () => store.put("bucket", "key", bytes),
      () => Array.fromAsync(store.list("bucket", "key")),
      () => store.delete("bucket", "key"),
    ]);
  },
  async mongodb({ port }) {
    const client = connectMongo(`mongodb://127.0.0.1:${port}/?serverSelectionTimeoutMS=${LIMIT_MS}`);
    const repository = new MongoDocumentRepository(client, BOTS, { limitMs: 4 * LIMIT_MS });
    await endAll([
      () => repository.open(),
      () => repository.list(),
      () => repository.get("a"),
      () => repository.apply(CHANGE),
    ]);
    await repository[Symbol.asyncDispose]();
    await client.close();
  },
  async nats({ port }) {
    const connector = connectNats(`nats://127.0.0.1:${port}`, {
      limitMs: LIMIT_MS,
      pingIntervalMs: LIMIT_MS,
    });
    const events = new NatsBotEvents(connector, {
      durableName: "x",
      times: { retryMs: 50, callMs: LIMIT_MS, streamCheckMs: 50, ackWaitMs: 50, disposeMs: LIMIT_MS },
    });
    events.subscribe({ onChange: () => Promise.resolve(), onMalformed: () => {}, onGap: () => {} });
    await using publisher = new NatsBotPublisher(connector, { subjectPrefix: "the0.bot" });
    await Promise.race([publisher.publish(CHANGE), systemClock.sleep(4 * LIMIT_MS)]).catch(() => {});
    await events[Symbol.asyncDispose]();
  },
};

/** Every call ends in time, and what fails does so in Berth's words. */
async function endAll(calls: Calls, given?: AbortSignal): Promise<void> {
  const results = await Promise.allSettled(calls.map((call) => call()));
  for (const [index, result] of results.entries()) {
    if (result.status === "fulfilled") continue;
    const { reason } = result;
    const isSaid = reason instanceof BerthError || (given?.aborted && reason === given.reason);
    assert.ok(isSaid, `${calls[index]}: ${reason?.stack ?? reason}`);
  }
}

for (const [name, meet] of Object.entries(CLIENTS)) {
  Deno.test(`no error of ${name} is left to the process, whatever its server answers`, async () => {
    const folder = await Deno.makeTempDir();
    const uncaught: string[] = [];
    const onUncaught = (event: ErrorEvent | PromiseRejectionEvent) => {
      event.preventDefault();
      const error = "reason" in event ? event.reason : event.error;
      uncaught.push(String(error?.stack ?? error));
    };
    globalThis.addEventListener("error", onUncaught);
    globalThis.addEventListener("unhandledrejection", onUncaught);
    try {
      await Promise.all(
        Object.entries(HOSTILITIES).map(async ([hostility, act]) => {
          await using server = await openHostileServer(act, folder);
          await meet(server).catch((error) => {
            throw new Error(`A server that ${hostility}: ${error.message}`, { cause: error });
          });
        }),
      );
      // A late response comes here.
      await systemClock.sleep(LIMIT_MS);
      assert.deepEqual(uncaught, []);
    } finally {
      globalThis.removeEventListener("error", onUncaught);
      globalThis.removeEventListener("unhandledrejection", onUncaught);
      await Deno.remove(folder, { recursive: true });
    }
  });
}
