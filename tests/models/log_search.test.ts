import assert from "node:assert/strict";
import { join } from "node:path";
import { type LogHit, LogSearch, type LogSearchEnd, type LogSearchQuery } from "../../lib/logs/log_search.ts";
import { FolderObjectStore } from "../../lib/objects/folder/folder_object_store.ts";

const BUCKET = "bot-logs";
const BOTS = ["alpha", "beta", "gamma"];
const DAYS = ["20260129", "20260130", "20260131"];
/** Number of lines: more than one piece of a log. */
const LINES = 20_000;

const textOf = (bot: string, day: string, n: number) =>
  `${bot} ${day} line ${n}${n % 1000 === 7 ? " needle" : ""}${n % 2 ? "" : " even"}`;

async function openSearch() {
  const folder = await Deno.makeTempDir();
  const store = new FolderObjectStore(join(folder, "objects"));
  await store.ensureBucket(BUCKET);
  for (const bot of BOTS) {
    for (const day of DAYS) {
      const begin = Date.UTC(2026, 0, Number(day.slice(6)));
      const lines = Array.from(
        { length: LINES },
        (_, n) =>
          `{"timestamp":"${new Date(begin + n * 4000).toISOString()}","stream":"stdout","message":"${
            textOf(bot, day, n)
          }"}\n`,
      );
      await store.put(BUCKET, `logs/${bot}/${day}.log`, new TextEncoder().encode(lines.join("")));
    }
  }
  await store.put(BUCKET, "logs/alpha/notes.txt", new TextEncoder().encode("a needle of somebody else\n"));
  const search = new LogSearch({ store, bucket: BUCKET });
  return {
    store,
    search,
    async find(query: Partial<LogSearchQuery>): Promise<{ hits: LogHit[]; end: LogSearchEnd }> {
      const hits: LogHit[] = [];
      const found = search.search({ limit: 1e6, budgetMs: 60_000, ...query });
      while (true) {
        const { done, value } = await found.next();
        if (done) return { hits, end: value };
        hits.push(...value);
      }
    },
    async [Symbol.asyncDispose]() {
      search[Symbol.dispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** The lines that a search must find, in order. */
const expected = DAYS.toReversed().flatMap((day) =>
  BOTS.flatMap((bot) =>
    Array.from({ length: LINES }, (_, n) => textOf(bot, day, n)).filter((text) => text.includes("needle"))
  )
);
const texts = (hits: readonly LogHit[]) => hits.map(({ text }) => text);

Deno.test("a search finds the lines of all bots, the newest day first, in the order of the logs", async () => {
  await using test = await openSearch();
  const { hits, end } = await test.find({ text: "needle" });
  assert.deepEqual([texts(hits), end], [expected, {}]);
  assert.deepEqual(hits[0], {
    bot: "alpha",
    time: "2026-01-31T00:00:28.000Z",
    stream: "stdout",
    text: textOf("alpha", "20260131", 7),
  });
  const { hits: some } = await test.find({ regex: "beta .* line \\d*7 needle$", bots: ["beta", "nobody"] });
  assert.deepEqual(texts(some), expected.filter((text) => text.startsWith("beta")));
  const since = new Date("2026-01-30T02:00:00Z");
  const until = new Date("2026-01-31T03:00:00Z");
  const within = await test.find({ text: "needle", since, until, bots: ["gamma"] });
  const all = (await test.find({ text: "needle", bots: ["gamma"] })).hits;
  assert.deepEqual(
    within.hits,
    all.filter(({ time }) => Date.parse(time) >= since.getTime() && Date.parse(time) < until.getTime()),
  );
  assert.ok(within.hits.length > 5 && within.hits.length < all.length);
});

Deno.test("a search that stops goes on exactly where it stopped, after a limit and after its time", async () => {
  await using test = await openSearch();
  const found: string[] = [];
  let end: LogSearchEnd = {};
  let pages = 0;
  do {
    const page = await test.find({ text: "needle", limit: 7, ...(end.cursor && { cursor: end.cursor }) });
    assert.ok(page.hits.length <= 7);
    found.push(...texts(page.hits));
    end = page.end;
    pages++;
  } while (end.cursor);
  assert.deepEqual(found, expected);
  assert.ok(pages >= expected.length / 7);

  found.length = 0;
  do {
    const page = await test.find({ text: "needle", budgetMs: 0, ...(end.cursor && { cursor: end.cursor }) });
    found.push(...texts(page.hits));
    end = page.end;
    pages++;
  } while (end.cursor);
  assert.deepEqual(found, expected);
});

Deno.test("a cursor whose log was deleted, or has become shorter, goes on with the next log", async () => {
  await using test = await openSearch();
  const { end: { cursor } } = await test.find({ text: "needle", limit: 25 });
  assert.equal(cursor?.bot, "beta");
  const rest = expected.slice(40);
  await test.store.put(BUCKET, `logs/beta/${cursor.day}.log`, new TextEncoder().encode("short\n"));
  assert.deepEqual(texts((await test.find({ text: "needle", cursor })).hits), rest);
  await test.store.delete(BUCKET, `logs/beta/${cursor.day}.log`);
  assert.deepEqual(texts((await test.find({ text: "needle", cursor })).hits), rest);
});

Deno.test("a search that nobody takes further ends, and the next one works", async () => {
  await using test = await openSearch();
  const found = test.search.search({ text: "line", limit: 1e6, budgetMs: 60_000 });
  await found.next();
  await found.return({});
  const aborted = new AbortController();
  aborted.abort(new Error("given up"));
  await assert.rejects(test.find({ text: "needle", signal: aborted.signal }), /given up/);
  assert.deepEqual(texts((await test.find({ text: "needle" })).hits), expected);
});

Deno.test("the event loop goes on while a search runs", async () => {
  await using test = await openSearch();
  let turns = 0;
  const pulse = setInterval(() => turns++, 1);
  // Each line is parsed, and none matches.
  const { hits } = await test.find({ text: "stdout" });
  clearInterval(pulse);
  assert.equal(hits.length, 0);
  assert.ok(turns > 10, `${turns} turns`);
});
