import assert from "node:assert/strict";
import { join } from "node:path";
import { FolderObjectStore } from "../../../../lib/objects/folder/folder_object_store.ts";
import { LogRetention } from "../../../../lib/logs/log_retention.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { LogStoreReader } from "../../../../lib/logs/log_store_reader.ts";

const BUCKET = "bot-logs";
const encode = (text: string) => new TextEncoder().encode(text);

async function openLogs() {
  const folder = await Deno.makeTempDir();
  const store = new FolderObjectStore(join(folder, "objects"));
  await store.ensureBucket(BUCKET);
  for (const [day, count] of [["30", 3], ["31", 40_000]] as const) {
    const lines = Array.from({ length: count }, (_, i) => {
      const time = new Date(Date.UTC(2026, 0, Number(day), 12, 0, 0, i)).toISOString().replace("T", " ")
        .slice(0, -1);
      return `[${time}] ${i % 2 ? "stderr: " : ""}${day} ${i} ${"x".repeat(40)}\n`;
    });
    await store.put(BUCKET, `logs/bot/202601${day}.log`, encode(lines.join("")));
  }
  await store.put(BUCKET, "logs/bot/20260201.log", encode("not ours\n[2026-02-01 00:00:00.000] last\n"));
  await store.put(BUCKET, "logs/bot/notes.txt", encode("of somebody else\n"));
  await store.put(BUCKET, "logs/bot2/20260101.log", encode("[2026-01-01 00:00:00.000] of another\n"));
  const logs = new LogStoreReader(store, BUCKET);
  return {
    store,
    texts: async (options?: Parameters<LogStoreReader["read"]>[1]) =>
      (await Array.fromAsync(logs.read("bot", options))).map(({ text }) => text.split(" x")[0]),
    logs,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test("LogStoreReader knows the days of a bot", async () => {
  await using test = await openLogs();
  assert.deepEqual(await test.logs.days("bot"), ["20260130", "20260131", "20260201"]);
  assert.deepEqual(await test.logs.days("nobody"), []);
});

Deno.test("LogStoreReader reads the lines of some runs alone, all or the last ones", async () => {
  await using test = await openLogs();
  const lines = Array.from({ length: 30 }, (_, i) => {
    const run = ["1", "1-r2", "11", ""][i % 4]!;
    const mark = run && `"berth":{"run":"${run}"},`;
    return `{${mark}"timestamp":"2026-02-02T00:00:00.0${
      i + 10
    }Z","stream":"stdout","message":"${run} ${i}"}\n`;
  });
  await test.store.put(BUCKET, "logs/bot/20260202.log", encode(lines.join("")));
  const slots = ["1", "1-r2"];
  const found = await test.texts({ slots });
  assert.deepEqual([found.length, found[0], found[1], found.at(-1)], [16, "1 0", "1-r2 1", "1-r2 29"]);
  assert.deepEqual(await test.texts({ slots, tail: 2 }), ["1 28", "1-r2 29"]);
  assert.deepEqual(await test.texts({ slots: ["2"] }), []);
});

Deno.test("LogStoreReader reads all lines, a range of them, or the last ones", async () => {
  await using test = await openLogs();
  const all = await test.texts();
  assert.deepEqual([all.length, all[0], all[3], all.at(-1)], [40_004, "30 0", "31 0", "last"]);
  const since = new Date("2026-01-31T12:00:39.990Z");
  const until = new Date("2026-01-31T12:00:39.993Z");
  assert.deepEqual(await test.texts({ since, until }), ["31 39990", "31 39991", "31 39992"]);
  assert.deepEqual(await test.texts({ until: new Date("2026-01-30T12:00:00.001Z") }), ["30 0"]);
  for (const tail of [0, 1, 2, 3000, 30_000, 40_002, 50_000]) {
    assert.deepEqual(await test.texts({ tail }), tail === 0 ? [] : all.slice(-tail), `tail ${tail}`);
  }
  assert.deepEqual(await test.texts({ tail: 2, until }), ["31 39991", "31 39992"]);
});

Deno.test("LogRetention deletes the logs of old days, of all bots, and nothing else", async () => {
  await using test = await openLogs();
  const { store } = test;
  const keys = async () => (await Array.fromAsync(store.list(BUCKET, ""))).map(({ key }) => key);
  const before = await keys();
  const clock = new FakeClock(Date.parse("2026-02-01T00:00:00Z"));
  assert.equal(await new LogRetention({ store, bucket: BUCKET, retentionDays: 0, clock }).sweep(), 0);
  assert.deepEqual(await keys(), before);
  const retention = new LogRetention({ store, bucket: BUCKET, retentionDays: 1, clock });
  assert.equal(await retention.sweep(), 2);
  assert.deepEqual(await keys(), ["logs/bot/20260131.log", "logs/bot/20260201.log", "logs/bot/notes.txt"]);
});

Deno.test("LogStoreReader reads a day in which all forms of lines are mixed, and a second that a time leaves open", async () => {
  await using test = await openLogs();
  const lines = [
    "[2026-02-03 12:00:00] text",
    "[2026-02-03 12:00:00.500] stderr: text of an earlier version",
    '{"timestamp":"2026-02-03T12:00:00.600000001Z","stream":"stdout","message":"json"}',
    '{"stream":"stderr","timestamp":"2026-02-03T12:00:00.700Z","_metric":"price"}',
    '{"level":"info","message":"of another program","timestamp":"2026-02-03T12:00:01Z"}',
    "{broken",
    '{"timestamp":"2026-02-03T12:00:02Z","stream":"berth","message":"end"}',
  ];
  await test.store.put(BUCKET, "logs/bot/20260203.log", encode(lines.join("\n") + "\n"));
  const read = (since: string) => test.texts({ since: new Date(since) });
  const all = [
    "text",
    "text of an earlier version",
    "json",
    '{"_metric":"price"}',
    "of another program",
    "end",
  ];
  assert.deepEqual(await read("2026-02-03T00:00:00Z"), all);
  assert.deepEqual(await read("2026-02-03T12:00:00.550Z"), [all[0], ...all.slice(2)]);
  assert.deepEqual(await read("2026-02-03T12:00:01.500Z"), all.slice(4));
});

Deno.test("LogStoreReader reads fewer last lines if they are long, across days", async () => {
  await using test = await openLogs();
  const line = (day: string, second: number, length: number) =>
    `[2026-03-${day} 12:00:${String(second).padStart(2, "0")}.000] ${day}-${second} ${"x".repeat(length)}\n`;
  const days = {
    "01": [line("01", 1, 10), line("01", 2, 900_000)],
    "02": [line("02", 3, 900_000), line("02", 4, 5)],
  };
  for (const [day, lines] of Object.entries(days)) {
    await test.store.put(BUCKET, `logs/bot/202603${day}.log`, encode(lines.join("")));
  }
  assert.deepEqual(await test.texts({ tail: 3 }), ["01-2", "02-3", "02-4"]);
  assert.deepEqual(await test.texts({ tail: 3, tailChars: 1_000_000 }), ["02-3", "02-4"]);
  assert.deepEqual(await test.texts({ tail: 3, tailChars: 1000 }), ["02-4"]);
});

Deno.test("LogStoreReader reads little of a log of long lines, unless the place of each in its second counts", async () => {
  await using test = await openLogs();
  const key = "logs/long/20260401.log";
  const lines = Array.from(
    { length: 20 },
    (_, i) => `[2026-04-01 12:00:00.000] ${i} ${"x".repeat(200_000)}\n`,
  );
  await test.store.put(BUCKET, key, encode(lines.join("")));
  let largest = 0;
  const { store } = test;
  const counting = new Proxy(store, {
    get: (target, name) => {
      if (name !== "get") return Reflect.get(target, name).bind(target);
      return async (...args: Parameters<FolderObjectStore["get"]>) => {
        const { size } = (await store.stat(BUCKET, key))!;
        largest = Math.max(largest, size - (args[2]?.offset ?? 0));
        return await store.get(...args);
      };
    },
  });
  const logs = new LogStoreReader(counting, BUCKET);
  const few = await Array.fromAsync(logs.read("long", { tail: 10, tailChars: 300_000 }));
  assert.deepEqual(few.map(({ text }) => text.split(" ")[0]), ["19"]);
  assert(largest <= 2 * 1024 * 1024, `${largest} bytes were read`);
  const all = await Array.fromAsync(logs.read("long", { tail: 10, tailChars: 300_000, wholeSecond: true }));
  assert.equal(all.length, 20);
});
