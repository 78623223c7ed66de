import assert from "node:assert/strict";
import { connectMinio } from "../../lib/objects/minio/connect_minio.ts";
import { MinioObjectStore } from "../../lib/objects/minio/minio_object_store.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { minioConnection } from "../support/servers/minio_fixture.ts";
import { RunFixture } from "../support/fixtures/run_fixture.ts";

const RUNS = fullOrShort(60, 12);
/** Each run prints a line of its own, and returns it. */
const CODE = `
import uuid
def main(id, config):
    line = str(uuid.uuid4())
    print(line, flush=True)
    return line
`;
import { until } from "../support/until.ts";

Deno.test("two services that share a schedule store what each of its runs prints once, in one log", async () => {
  await using fixture = await RunFixture.open();
  const { start, publish, document, runs, id, code, env } = fixture;
  const store = new MinioObjectStore(connectMinio(minioConnection()));
  const read = async (bucket: string, key: string) => {
    const { body } = await store.get(bucket, key);
    return await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).text();
  };
  await code.put("lines/1", { "main.py": CODE });
  const own = { SERVICES: "schedules", LOG_INTERVAL: "1" };
  const other = { BERTH_INSTANCE: `${env.BERTH_INSTANCE}-b`, TEMP_DIR: `${env.TEMP_DIR}-b` };
  for (const berth of [start(own), start({ ...own, ...other })]) {
    await berth.logged(/Events come from the stream/);
  }
  const { custom, ...rest } = document("lines", {
    schedule: "* * * * * *",
    berth: { concurrency_policy: "Allow" },
  });
  await publish("created", { ...rest, custom: { ...custom, filePath: "lines/1" } }, "bot-schedule");
  const succeeded = async () =>
    (await runs.list(id("lines"), { limit: 1000 })).filter(({ state }) => state === "succeeded");
  await until(`${RUNS} runs`, async () => (await succeeded()).length >= RUNS, 240_000);
  await publish("deleted", { id: id("lines") }, "bot-schedule");
  await until(
    "no run is open",
    async () => (await runs.listOpen({ scheduleId: id("lines") })).length === 0,
  );
  const records = await succeeded();
  const printed = await Promise.all(
    records.map(async ({ result }) => JSON.parse(await read(env.MINIO_BACKTESTS_BUCKET!, result!)) as string),
  );
  let stored: string[] = [];
  await until("every line is stored", async () => {
    stored = [];
    for await (const { key } of store.list(env.MINIO_LOGS_BUCKET!, `logs/${id("lines")}/`)) {
      if (!key.endsWith(".log")) continue;
      const text = await read(env.MINIO_LOGS_BUCKET!, key);
      stored.push(...text.split("\n").filter(Boolean).map((line) => JSON.parse(line).message));
    }
    return printed.every((line) => stored.includes(line));
  }, 30_000).catch(() => {
    // The following line says which lines are missing.
  });
  assert.deepEqual(printed.filter((line) => !stored.includes(line)), [], "lines are missing");
  // One that was stopped with its schedule may have printed, too.
  assert.equal(new Set(stored).size, stored.length, "a line is there twice");
  const instances = new Set(records.map(({ instance }) => instance));
  console.log(`${records.length} runs of ${instances.size} services`);
});
