import assert from "node:assert/strict";
import { join } from "node:path";
import type { LogEntry } from "../../lib/engine/container_orchestrator.ts";
import { FolderObjectStore } from "../../lib/objects/folder/folder_object_store.ts";
import { parseStoredLine } from "../../lib/logs/line_format.ts";
import { LogWriter } from "../../lib/logs/log_writer.ts";
import { readCheckpoints } from "../../lib/logs/log_checkpoints.ts";
import { LogShipper } from "../../lib/logs/log_shipper.ts";
import type { AppendObjectOptions, ObjectInfo } from "../../lib/objects/object_store.ts";
import { entry, LogInMemory, timeAt } from "../support/builders/log_entries.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { seededRandom } from "../support/seeded_random.ts";

const BUCKET = "bot-logs";
const CREATED = new Date("2026-01-31T00:00:00Z");
const MIDNIGHT = 86_400e9;
const { signal } = new AbortController();
/** A line that is open is not old. */
const clock = new FakeClock(CREATED.getTime());

/** A store whose appends fail, before or after they are done. */
class FailingStore extends FolderObjectStore {
  fail: () => "before" | "after" | undefined = () => undefined;
  override async append(
    bucket: string,
    key: string,
    body: Uint8Array,
    options?: AppendObjectOptions,
  ): Promise<ObjectInfo> {
    const when = this.fail();
    if (when === "before") throw new Error("failed before");
    const info = await super.append(bucket, key, body, options);
    if (when === "after") throw new Error("failed after");
    return info;
  }
}

async function openStore() {
  const folder = await Deno.makeTempDir();
  return {
    store: new FailingStore(join(folder, "objects")),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

function openShipper(
  store: FolderObjectStore,
  log: LogInMemory,
  { containerId = "0123456789abcdef", oldestDay }: { containerId?: string; oldestDay?: string } = {},
) {
  const writer = new LogWriter({ store, bucket: BUCKET, isLive: () => true, clock });
  return new LogShipper({ containerId, id: "bot", createdAt: CREATED }, {
    orchestrator: log,
    writer,
    oldestDay: () => oldestDay,
    clock,
  });
}

/** All stored lines, day after day. */
async function stored(store: FolderObjectStore) {
  const days: Record<string, { stream: string; text: string; time: string }[]> = {};
  for await (const { key } of store.list(BUCKET, "logs/bot/")) {
    const text = await new Response((await store.get(BUCKET, key)).body).text();
    assert.ok(text.endsWith("\n"));
    days[key.slice(9, 17)] = text.split("\n").slice(0, -1).map((line) => parseStoredLine(line)!);
  }
  return days;
}

Deno.test("LogShipper stores every line once and in order, whatever fails and whenever it is begun anew", async () => {
  const { next: random, below } = seededRandom(11);
  for (let round = 0; round < 24; round++) {
    await using folder = await openStore();
    const { store } = folder;
    store.fail = () => (random() < 0.15 ? (random() < 0.5 ? "before" : "after") : undefined);
    const log = new LogInMemory();
    log.batch = 1 + below(6);
    const expected: Record<"stdout" | "stderr", string[]> = { stdout: [], stderr: [] };
    const open: Record<"stdout" | "stderr", { text: string; time: string }> = {
      stdout: { text: "", time: "" },
      stderr: { text: "", time: "" },
    };
    let shipper = openShipper(store, log);
    // Over midnight, with times of the two outputs a little out of order.
    let now = MIDNIGHT - 40;
    const at = (nanoseconds: number) =>
      nanoseconds < MIDNIGHT ? timeAt(nanoseconds) : timeAt(nanoseconds - MIDNIGHT, "2026-02-01");
    let count = 0;
    const print = () => {
      const stream = random() < 0.6 ? "stdout" : "stderr";
      if (random() < 0.7) now += below(3);
      const line = open[stream];
      const time = line.text === "" ? at(now - (stream === "stderr" ? 1 : 0)) : line.time;
      const isEnded = round % 2 === 0 || random() < 0.8;
      const text = `${stream} ${count++} `;
      log.entries.push(entry(time, text + (isEnded ? "\n" : ""), stream));
      open[stream] = { text: line.text + text, time };
      if (!isEnded) return;
      expected[stream].push(open[stream].text);
      open[stream] = { text: "", time: "" };
    };
    for (let step = 0; step < 60; step++) {
      for (let i = below(8); i > 0; i--) print();
      if (random() < 0.2) shipper = openShipper(store, log);
      await shipper.ship({ isFinal: false, expected: below(20), signal }).catch(() => {});
    }
    for (const stream of ["stdout", "stderr"] as const) {
      if (open[stream].text === "") continue;
      log.entries.push(entry(open[stream].time, "end\n", stream));
      expected[stream].push(`${open[stream].text}end`);
    }
    store.fail = () => undefined;
    await shipper.ship({ isFinal: true, signal });
    const days = await stored(store);
    assert.deepEqual(Object.keys(days), ["20260131", "20260201"]);
    // Around a line that is open over midnight a few are in the log of the other day.
    for (const [day, lines] of Object.entries(round % 2 === 0 ? days : {})) {
      assert.ok(lines.every(({ time }) => time.slice(0, 10).replaceAll("-", "") === day));
    }
    for (const stream of ["stdout", "stderr"] as const) {
      const got = Object.values(days).flat().filter((line) => line.stream === stream).map(({ text }) => text);
      assert.deepEqual(got, expected[stream], `round ${round}, ${stream}`);
    }
  }
});

Deno.test("LogShipper tears no line at the end of what it writes at once, unless that line is longer", async () => {
  await using folder = await openStore();
  const log = new LogInMemory();
  const lines = Array.from({ length: 60 }, (_, i) => `${i} ${"x".repeat(i === 30 ? 3_000_000 : 100_000)}`);
  for (const [index, line] of lines.entries()) {
    // As an engine cuts a line: in pieces of 16 KiB with the same time.
    const pieces = `${line}\n`.match(/[^]{1,16384}/g)!;
    for (const piece of pieces) log.entries.push(entry(timeAt(index), piece));
    if (index % 7 === 0) log.entries.push(entry(timeAt(index), `${index}\n`, "stderr"));
  }
  await openShipper(folder.store, log).ship({ isFinal: false, signal });
  const texts = (await stored(folder.store))["20260131"]!.filter(({ stream }) => stream === "stdout")
    .map(({ text }) => text);
  assert.equal(texts.join(""), lines.join(""));
  assert.equal(texts.filter((text) => lines.includes(text)).length, 59);
  assert.ok(texts.every(({ length }) => length <= 1024 ** 2));
});

Deno.test("LogShipper writes that lines were lost, where they are missing, and once", async () => {
  await using folder = await openStore();
  const { store } = folder;
  const log = new LogInMemory();
  for (let i = 0; i < 10; i++) log.entries.push(entry(timeAt(i * 1e9), `${i}\n`));
  await openShipper(store, log).ship({ isFinal: false, signal });
  log.entries = [entry(timeAt(15e9), "15\n"), entry(timeAt(16e9), "16\n")];
  const shipper = openShipper(store, log);
  await shipper.ship({ isFinal: false, signal });
  await shipper.ship({ isFinal: false, signal });
  await openShipper(store, log).ship({ isFinal: true, signal });
  const { "20260131": lines } = await stored(store);
  assert.deepEqual(lines!.slice(9).map(({ stream, text }) => stream === "berth" ? stream : text), [
    "9",
    "berth",
    "15",
    "16",
  ]);
  assert.match(
    lines![10]!.text,
    /^lines printed between 2026-01-31T00:00:09\S+ and 2026-01-31T00:00:15\S+ are lost/,
  );
});

Deno.test("LogShipper goes on from what somebody else has stored meanwhile", async () => {
  await using folder = await openStore();
  const { store } = folder;
  const log = new LogInMemory();
  const [one, other] = [openShipper(store, log), openShipper(store, log)];
  for (let i = 0; i < 6; i++) {
    log.entries.push(entry(timeAt(i), `${i}\n`));
    await (i % 2 ? one : other).ship({ isFinal: false, signal }).catch(() => {});
  }
  await one.ship({ isFinal: false, signal }).catch(() => {});
  await one.ship({ isFinal: false, signal });
  assert.deepEqual((await stored(store))["20260131"]!.map(({ text }) => text), [
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
  ]);
});

Deno.test("LogShipper keeps the checkpoints of all containers of a bot, and takes them into a new day", async () => {
  await using folder = await openStore();
  const { store } = folder;
  const writer = new LogWriter({ store, bucket: BUCKET, isLive: () => true, clock });
  const logs = [new LogInMemory(), new LogInMemory()];
  const shippers = logs.map((orchestrator, n) =>
    new LogShipper({ containerId: `${n}`.repeat(20), id: "bot", createdAt: CREATED }, {
      orchestrator,
      writer,
      clock,
    })
  );
  for (const [n, log] of logs.entries()) {
    log.entries.push(entry(timeAt(n), `first of ${n}\n`));
    await shippers[n]!.ship({ isFinal: false, signal });
  }
  logs[1]!.entries.push(entry(timeAt(5, "2026-02-01"), "next day\n"));
  await shippers[1]!.ship({ isFinal: false, signal });
  const checkpoints = readCheckpoints((await store.stat(BUCKET, "logs/bot/20260201.log"))?.metadata);
  assert.deepEqual(checkpoints.map(({ container, entries }) => [container[0], entries]), [["1", 2], [
    "0",
    1,
  ]]);
  // The log of the first day is deleted: what is in the new one is enough to go on.
  await store.delete(BUCKET, "logs/bot/20260131.log");
  const again = new LogWriter({ store, bucket: BUCKET, isLive: () => true, clock });
  for (const [n, orchestrator] of logs.entries()) {
    const container = { containerId: `${n}`.repeat(20), id: "bot", createdAt: CREATED };
    const done = await new LogShipper(container, { orchestrator, writer: again, clock }).ship({
      isFinal: true,
      signal,
    });
    assert.equal(done.entries, 0);
  }
});

Deno.test("LogShipper adds to a small log of before with one read and one write, and then with one write", async () => {
  await using folder = await openStore();
  const { store } = folder;
  const log = new LogInMemory();
  log.entries.push(entry(timeAt(1), "before\n"));
  await openShipper(store, log).ship({ isFinal: true, signal });
  const calls: string[] = [];
  const told: string[] = [];
  const watched = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        calls.push(String(name));
        if (name === "append") told.push(new TextDecoder().decode((args[3] as AppendObjectOptions).content));
        return value.apply(target, args);
      };
    },
  });
  const writer = new LogWriter({ store: watched, bucket: BUCKET, isLive: () => true, clock });
  const next = new LogInMemory();
  next.entries.push(entry(timeAt(2), "after\n"));
  const container = { containerId: "fedcba9876543210", id: "bot", createdAt: CREATED, isNew: true };
  const shipper = new LogShipper(container, { orchestrator: next, writer, clock });
  await shipper.ship({ isFinal: false, signal });
  assert.deepEqual(calls, ["ensureBucket", "get", "append"]);
  next.entries.push(entry(timeAt(3), "later\n"));
  await shipper.ship({ isFinal: true, signal });
  // Lines that were written just now need not be read.
  assert.deepEqual(calls.slice(3), ["append"]);
  const whole = await new Response((await store.get(BUCKET, "logs/bot/20260131.log")).body).text();
  const lines = whole.split(/(?<=\n)/);
  assert.deepEqual(told, [lines.slice(0, 1).join(""), lines.slice(0, 2).join("")]);
  const texts = (await stored(store))["20260131"]!.map(({ text }) => text);
  assert.deepEqual(texts, ["before", "after", "later"]);
});

Deno.test("LogShipper adds to logs of any size what was printed, and nothing else", async () => {
  await using folder = await openStore();
  const { store } = folder;
  const log = new LogInMemory();
  const shipper = openShipper(store, log);
  const random = seededRandom(7);
  const expected: string[] = [];
  // From nothing to far beyond what is remembered of a log.
  for (let i = 0; i < 60; i++) {
    const text = `${i} ${"x".repeat(random.below(4000))}`;
    expected.push(text);
    log.entries.push(entry(timeAt(i), `${text}\n`));
    await shipper.ship({ isFinal: false, signal });
  }
  assert.deepEqual((await stored(store))["20260131"]!.map(({ text }) => text), expected);
});

Deno.test("LogShipper lets a container wait whose checkpoint does not fit beside those of the others", async () => {
  await using folder = await openStore();
  const writer = new LogWriter({ store: folder.store, bucket: BUCKET, isLive: () => true, clock });
  const container = (n: number) => n.toString(16).padStart(12, "0");
  const shipper = (n: number) => {
    const orchestrator = new LogInMemory();
    orchestrator.entries.push(entry(timeAt(n), `of ${n}\n`));
    const options = { orchestrator, writer, clock };
    return new LogShipper({ containerId: container(n), id: "bot", createdAt: CREATED }, options)
      .ship({ isFinal: true, signal });
  };
  let written = 0;
  const failure = await (async () => {
    while (written < 100) await shipper(written).then(() => written++);
  })().catch((error) => error);
  assert.match(String(failure), /More containers of bot 'bot'/);
  assert.ok(written >= 25, String(written));
  writer.releaseContainer("bot", container(0));
});

Deno.test("LogShipper stores no lines of days whose logs are deleted", async () => {
  await using folder = await openStore();
  const log = new LogInMemory();
  log.entries.push(entry(timeAt(1), "old\n"), entry(timeAt(1, "2026-02-01"), "new\n"));
  await openShipper(folder.store, log, { oldestDay: "20260201" }).ship({ isFinal: true, signal });
  const days = await stored(folder.store);
  assert.deepEqual(Object.values(days).flat().map(({ text }) => text), ["new"]);
});

Deno.test("LogShipper holds one piece of a large log while another is written", async () => {
  await using folder = await openStore();
  const log = new LogInMemory();
  log.batch = 500;
  const line = `${"x".repeat(99)}\n`;
  const content: LogEntry[] = Array.from({ length: 100_000 }, (_, i) => entry(timeAt(i), line));
  log.entries = content;
  let held = 0;
  let most = 0;
  const slow = folder.store;
  const append = slow.append.bind(slow);
  slow.append = async (bucket, key, body, options) => {
    held += body.length;
    most = Math.max(most, held);
    const info = await append(bucket, key, body, options);
    held -= body.length;
    return info;
  };
  await openShipper(slow, log).ship({ isFinal: true, signal });
  assert.ok(most < 3 * 1024 ** 2, String(most));
  assert.equal((await stored(slow))["20260131"]!.length, 100_000);
});

for (
  const [what, counts, text] of [
    [
      "all of it was counted",
      [50, 50, 50],
      /^118 lines printed between \S+ and \S+ are lost: the engine has/,
    ],
    ["a part of it was counted", [100, 150], /^at least \d+ lines .* are lost, nobody knows how many more: /],
    ["nothing of it was counted", [], /^lines printed between \S+ and \S+ are lost, nobody knows how many: /],
  ] as const
) {
  Deno.test(`LogShipper tells how many lines were lost while the store was down, when ${what}`, async () => {
    await using folder = await openStore();
    const { store } = folder;
    const log = new LogInMemory();
    const shipper = openShipper(store, log);
    let printed = 0;
    /** The engine keeps no more than 60 entries. */
    const print = (count: number) => {
      for (let i = 0; i < count; i++, printed++) {
        log.entries.push(entry(timeAt(printed * 1000), `${printed}\n`));
      }
      log.entries = log.entries.slice(-60);
    };
    print(30);
    await shipper.ship({ isFinal: false, signal });
    store.fail = () => "before";
    print(1);
    await assert.rejects(shipper.ship({ isFinal: false, signal }), /failed before/);
    for (const count of counts) {
      print(count);
      await shipper.countUnstored(0, signal);
    }
    print(printed < 208 ? 208 - printed : 0);
    store.fail = () => undefined;
    await shipper.ship({ isFinal: true, signal });
    const lines = (await stored(store))["20260131"]!;
    const at = lines.findIndex(({ stream }) => stream === "berth");
    assert.match(lines[at]!.text, text);
    const lost = Number(lines[at + 1]!.text) - Number(lines[at - 1]!.text) - 1;
    assert.equal(lost, printed - 60 - 30);
    const told = /^(?:at least )?(\d+) lines/.exec(lines[at]!.text)?.[1];
    if (told) {
      assert.ok(text.source.includes("at least") ? Number(told) <= lost : Number(told) === lost, told);
    }
    assert.equal(lines.length, printed - lost + 1);
  });
}
