/** Secrets of bots that a service runs: nobody finds them, and a new value replaces the bot. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { zipSync } from "fflate";
import { MongoClient } from "mongodb";
import { ApiClient, serverOf } from "../../cli/client/api_client.ts";
import { createObjectStore } from "../../lib/runner/create_object_store.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import { parseServiceConfig } from "../../services/config.ts";
import { BotFixture } from "../support/fixtures/bot_fixture.ts";
import { EmbeddedFixture } from "../support/fixtures/embedded_fixture.ts";
import type { BerthProcess } from "../support/processes/berth_process.ts";
import { mongoUri } from "../support/servers/mongo_fixture.ts";
import { openMemoryFolder } from "../support/memory_folder.ts";
import { until } from "../support/until.ts";

/** Prints its secret in many forms; the configuration says whether it then fails, ends or goes on. */
const CODE = `
import base64, json, os, sys, time, urllib.parse
def main(id, config):
    key = open(os.environ["API_KEY_FILE"]).read()
    print("key is", key)
    print(json.dumps({"_metric": "leak", "key": key}))
    print(base64.b64encode(("user:" + key).encode()).decode(), urllib.parse.quote(key, safe=""), file=sys.stderr)
    print("printed", flush=True)
    if config.get("fail"): raise ValueError("refused: " + key)
    if config.get("once"): return {"key": key}
    while True:
        time.sleep(0.5)
        print("still", key, flush=True)
`;

interface Scene {
  readonly env: Readonly<Record<string, string>>;
  readonly temp: string;
  readonly docker: { getContainer(id: string): { inspect(): Promise<unknown> } };
  containers(): Promise<readonly { readonly id: string }[]>;
  start(more: Record<string, string>): BerthProcess;
  id(name: string): string;
}

/** A server with one entry that answers as Vault does. */
async function openVault(value: string) {
  const server = createServer((request, response) => {
    const isRight = request.headers["x-vault-token"] === "hvs.token" && request.url === "/v1/kv/data/bot";
    response.writeHead(isRight ? 200 : 403, { "content-type": "application/json" });
    response.end(JSON.stringify(
      isRight
        ? { request_id: "1", lease_id: "", data: { data: { key: value }, metadata: { version: 1 } } }
        : { errors: ["permission denied"] },
    ));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Parts of the value that no form may show. */
function needlesOf(value: string): string[] {
  const encoded = [0, 1, 2].map((before) =>
    Buffer.from("x".repeat(before) + value).toString("base64").slice(4, -4)
  );
  return [value, value.slice(4, -4), encodeURIComponent(value), ...encoded];
}

async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const { name, isDirectory, isFile } of await Array.fromAsync(Deno.readDir(folder)).catch(() => [])) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await filesBelow(path));
    else if (isFile) found.push(path);
  }
  return found;
}

/** Everything that other people can look at, by where it is. */
async function* places(
  scene: Scene,
  client: ApiClient,
  store: ObjectStore,
): AsyncGenerator<[string, string]> {
  const read = async (path: string) =>
    Buffer.from(await Deno.readFile(path).catch(() => new Uint8Array())).toString("latin1");
  for (const path of await filesBelow(scene.temp)) {
    // The source, and what the bots themselves write in their containers.
    const isOwn = path.startsWith(`${scene.temp}/secrets/`) ||
      /\/containers\/[^/]+\/view\/result\.json$/.test(path);
    if (!isOwn) yield [path, await read(path)];
  }
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    for (const file of ["environ", "cmdline"]) {
      yield [`/proc/${name}/${file}`, await read(`/proc/${name}/${file}`)];
    }
  }
  for (const { id } of await scene.containers()) {
    yield [`inspect ${id}`, JSON.stringify(await scene.docker.getContainer(id).inspect())];
  }
  const { buckets } = parseServiceConfig(scene.env).runner;
  for (const bucket of Object.values(buckets)) {
    await store.ensureBucket(bucket);
    for await (const { key } of store.list(bucket, "")) {
      const { body } = await store.get(bucket, key);
      yield [
        `object ${bucket}/${key}`,
        Buffer.from(await new Response(body).arrayBuffer()).toString("latin1"),
      ];
    }
  }
  if (scene.env.MONGO_URI) {
    const mongo = await MongoClient.connect(mongoUri());
    try {
      for (const { name } of (await mongo.db().admin().listDatabases()).databases) {
        for (const { name: collection } of await mongo.db(name).listCollections().toArray()) {
          for await (const document of mongo.db(name).collection(collection).find({})) {
            yield [`${name}.${collection}`, JSON.stringify(document)];
          }
        }
      }
    } finally {
      await mongo.close();
    }
  }
  yield ["API service", await client.text("getService", {})];
  yield ["API audit", await client.text("listAudit", { query: {} })];
  yield ["API bots", await client.text("listBots", { query: {} })];
  yield ["API runs", await client.text("listRuns", { query: {} })];
  yield ["API secrets", await client.text("listSecrets", {})];
  yield ["API search", await client.text("searchLogs", { query: { q: "key" } })];
  for (const name of ["file", "age", "vault"]) {
    const params = { id: scene.id(name) };
    yield [`API bot ${name}`, await client.text("getBot", { params })];
    yield [`API metrics ${name}`, await client.text("getMetrics", { params, query: {} })];
    const log = await client.text("readLogs", { params, query: {} });
    assert.match(log, /key is \*\*\*/, `the log of ${name} is that of a bot that prints`);
    yield [`API log ${name}`, log];
  }
}

/** Waits for a line in what the API shows of a log. */
async function logged(client: ApiClient, id: string, pattern: RegExp): Promise<void> {
  const params = { id };
  try {
    await until(
      `a line ${pattern} of ${id}`,
      async () => pattern.test(await client.text("readLogs", { params, query: {} }).catch(() => "")),
      60_000,
    );
  } catch (cause) {
    throw new Error(`${(cause as Error).message}: ${await client.text("getBot", { params })}`, { cause });
  }
}

/** Runs three bots and a schedule that print their secrets, over a crash of Berth, and searches for them. */
async function searchEverywhere(scene: Scene): Promise<void> {
  const { temp, env, id } = scene;
  const unique = crypto.randomUUID();
  const secrets = { file: `file/${unique}+key`, age: `age/${unique}+key`, vault: `vault/${unique}+key` };
  await using vault = await openVault(secrets.vault);
  await using memory = await openMemoryFolder();
  await Deno.mkdir(`${temp}/secrets`, { mode: 0o700 });
  await Deno.writeTextFile(`${temp}/secrets/key`, `${secrets.file}\n`, { mode: 0o600 });
  await Deno.writeTextFile(`${temp}/token`, "hvs.token", { mode: 0o600 });
  const more = {
    SECRETS_DIR: `${temp}/secrets`,
    SECRETS_RUN_DIR: `${memory.path}/run`,
    VAULT_ADDR: vault.address,
    VAULT_TOKEN_FILE: `${temp}/token`,
    SERVICES: "bots,schedules",
    LOG_INTERVAL: "1",
  };
  const config = parseServiceConfig({ ...env, ...more });
  const store = createObjectStore(config.runner);
  await store.ensureBucket(config.runner.buckets.code);
  await store.put(
    config.runner.buckets.code,
    "bot/secret",
    zipSync({ "main.py": new TextEncoder().encode(CODE) }),
  );
  using client = new ApiClient(serverOf(env));
  const custom = { version: "1", filePath: "bot/secret", config: { entrypoints: { bot: "main.py" } } };
  const segment_id = Math.max(0, config.segment);
  const document = (name: string, own: Record<string, unknown>, reference: string) => ({
    id: id(name),
    segment_id,
    config: { ...own, berth: { secrets: { API_KEY: reference } } },
    custom,
  });
  let berth = scene.start(more);
  await until(
    "the service answers",
    () => client.text("getService", {}).then(() => true, () => false),
    60_000,
  );
  await client.call("putSecret", { params: { name: "bot.key" }, body: { value: secrets.age } });
  const documents = {
    file: document("file", {}, "file:key"),
    age: document("age", { fail: true }, "age:bot.key"),
    vault: document("vault", {}, "vault:kv/data/bot#key"),
  };
  for (const [name, body] of Object.entries(documents)) {
    await client.call("putBot", { params: { id: id(name) }, body });
    await logged(client, id(name), /"text":"printed"|printed/);
  }
  const schedule = document("run", { once: true, schedule: "@yearly" }, "file:key");
  await client.call("putSchedule", { params: { id: id("run") }, body: schedule });
  await client.call("runSchedule", { params: { id: id("run") } });
  await until(
    "the run has ended",
    async () => /"succeeded"/.test(await client.text("listRuns", { query: { schedule: id("run") } })),
    60_000,
  );

  const lines = [...berth.lines];
  await berth.kill();
  berth = scene.start(more);
  await until(
    "the service answers again",
    () => client.text("getService", {}).then(() => true, () => false),
    60_000,
  );
  const before = (await client.text("readLogs", { params: { id: id("file") }, query: {} })).length;
  await until(
    "the adopted bot prints on",
    async () =>
      (await client.text("readLogs", { params: { id: id("file") }, query: {} })).length > before + 200,
    60_000,
  );
  const hits: string[] = [];
  const searched: string[] = [];
  for await (const [place, text] of places({ ...scene, env: { ...env, ...more } }, client, store)) {
    searched.push(place);
    for (const value of Object.values(secrets)) {
      if (needlesOf(value).some((needle) => text.includes(needle))) hits.push(place);
    }
  }
  for (const value of Object.values(secrets)) {
    const all = [...lines, ...berth.lines].join("\n");
    if (needlesOf(value).some((needle) => all.includes(needle))) hits.push("Berth's own log");
  }
  assert.deepEqual(hits, [], `searched ${searched.length} places`);
  for (const wanted of [/\/proc\/\d+\/environ/, /^inspect/, /^object .*logs\//, /analysis\.json|runs\//]) {
    assert.ok(searched.some((place) => wanted.test(place)), `nothing like ${wanted} was searched`);
  }
  // The secret would have been found: the search itself works.
  const inMemory = await filesBelow(memory.path);
  const held = await Promise.all(inMemory.map((path) => Deno.readTextFile(path)));
  assert.ok(held.includes(secrets.file) && held.includes(secrets.vault));

  for (const name of Object.keys(documents)) await client.call("deleteBot", { params: { id: id(name) } });
  await client.call("deleteSchedule", { params: { id: id("run") } });
  await until("all containers are gone", async () => (await scene.containers()).length === 0, 60_000);
  await until("no secret is left in memory", async () => (await filesBelow(memory.path)).length === 0);
}

Deno.test("after a run of three bots that print their secrets, nobody finds them: SQLite and a folder", async () => {
  await using fixture = await EmbeddedFixture.open();
  await searchEverywhere(fixture);
});

Deno.test({
  name: "after a run of three bots that print their secrets, nobody finds them: MongoDB and MinIO",
  ignore: !Deno.env.get("MONGO_URI"),
  async fn() {
    await using fixture = await BotFixture.open();
    await searchEverywhere({ ...fixture, temp: fixture.env.HOME! });
  },
});

/** Prints a digest of its secret. */
const DIGEST = `
import hashlib, os, time
def main(id, config):
    print("digest", hashlib.sha256(open(os.environ["API_KEY_FILE"], "rb").read()).hexdigest()[:8], flush=True)
    while True: time.sleep(0.05)
`;

async function digestOf(value: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(value));
  return Buffer.from(hash).toString("hex").slice(0, 8);
}

Deno.test("a new value replaces the bot; without one a running bot goes on, and a start waits and says why", async () => {
  await using fixture = await EmbeddedFixture.open();
  await using memory = await openMemoryFolder();
  const { env, start, id, containers, live } = fixture;
  const berth = start({ SECRETS_RUN_DIR: `${memory.path}/run` });
  using client = new ApiClient(serverOf(env));
  await until(
    "the service answers",
    () => client.text("getService", {}).then(() => true, () => false),
    60_000,
  );
  const store = createObjectStore(parseServiceConfig(env).runner);
  await store.ensureBucket("custom-bots");
  await store.put("custom-bots", "bot/digest", zipSync({ "main.py": new TextEncoder().encode(DIGEST) }));
  const params = { id: id("one") };
  const body = {
    id: id("one"),
    segment_id: 0,
    config: { berth: { secrets: { API_KEY: "age:key" }, stop_grace_seconds: 1 } },
    custom: { version: "1", filePath: "bot/digest", config: { entrypoints: { bot: "main.py" } } },
  };
  const condition = async () => (await client.call("getBot", { params })).condition ?? "";
  await client.call("putBot", { params, body });
  await until("it waits", async () => /^waiting/.test(await condition()), 60_000);
  const shown = await condition();
  assert.match(
    shown,
    /its secret API_KEY \(age:key\): the encrypted file has no 'key'; add it with 'berth secret set key'/,
  );
  assert.deepEqual(await containers(), []);

  const set = (value: string) => client.call("putSecret", { params: { name: "key" }, body: { value } });
  await set("the first value");
  await logged(client, id("one"), new RegExp(`digest ${await digestOf("the first value")}`));
  await until("it runs", async () => (await condition()) === "running", 60_000);
  const [first] = await containers();

  await set("the second value");
  await berth.logged(/secrets changed/);
  await logged(client, id("one"), new RegExp(`digest ${await digestOf("the second value")}`));
  await until("it runs again", async () => (await condition()) === "running", 60_000);
  const [second] = await containers();
  assert.notEqual(second!.id, first!.id);

  await client.call("deleteSecret", { params: { name: "key" } });
  // A full resync has passed when the service has seen another bot.
  await client.call("putBot", { params: { id: id("two") }, body: { ...body, id: id("two"), config: {} } })
    .catch(() => {});
  await until(
    "another bot is seen",
    async () =>
      (await client.call("listBots", { query: {} })).bots.some(({ id: seen }) => seen === id("two")),
    60_000,
  );
  assert.equal(
    (await containers()).find(({ bot }) => bot === id("one"))?.id,
    second!.id,
    "what runs goes on",
  );

  await client.call("restartBot", { params }).catch(() => {});
  await until("the restart waits", async () => (await condition()).includes("API_KEY"), 60_000);
  assert.match(await condition(), /The previous version keeps running/);
  assert.equal((await containers()).find(({ bot }) => bot === id("one"))?.id, second!.id);

  // The value that it has: nothing has to be replaced.
  await set("the third value");
  await logged(client, id("one"), new RegExp(`digest ${await digestOf("the third value")}`));
  assert.deepEqual(live.doubles, []);
  for (const name of ["one", "two"]) {
    await client.call("deleteBot", { params: { id: id(name) } }).catch(() => {});
  }
  await until("all containers are gone", async () => (await containers()).length === 0, 60_000);
});
