import assert from "node:assert/strict";
import { ApiError } from "../../../cli/client/api_client.ts";
import type { LogEnd, LogHit, LogLine } from "../../../services/contract/logs.ts";
import type { OperationInput } from "../../../services/contract/contract.ts";
import type { OperationId } from "../../../services/contract/operations.ts";
import { ServiceFixture } from "../../support/fixtures/service_fixture.ts";
import { until } from "../../support/until.ts";

const BUCKET = "bot-logs";
const COUNT = 3000;
const START = Date.UTC(2026, 0, 31, 12);
const timeOf = (n: number) => new Date(START + n * 100).toISOString().replace("Z", "123456Z");

/** A service with the log of a bot that was removed. Its engine is down. */
async function openLogs(): Promise<ServiceFixture> {
  const service = await ServiceFixture.open();
  const lines = Array.from(
    { length: COUNT },
    (_, n) =>
      `{"timestamp":"${timeOf(n)}","stream":"${n % 2 ? "stderr" : "stdout"}","message":"line ${n}"}\n`,
  );
  await service.composed.store.put(
    BUCKET,
    "logs/gone/20260131.log",
    new TextEncoder().encode(lines.join("")),
  );
  return service;
}

async function read<K extends OperationId>(
  { client }: ServiceFixture,
  id: K,
  input: OperationInput<K>,
): Promise<(LogLine & LogHit & LogEnd)[]> {
  const response = await client.request(id, input);
  assert.equal(response.headers.get("content-type"), "application/x-ndjson");
  return (await response.text()).split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

async function refused(call: Promise<unknown>, status: number, code: string, message = /./): Promise<void> {
  const error = await call.then(() => undefined, (error) => error);
  assert.ok(error instanceof ApiError, `${error ?? "was accepted"}`);
  assert.deepEqual([error.status, error.code], [status, code], error.message);
  assert.match(error.message, message);
}

const params = { id: "gone" };

Deno.test("readLogs gives what is stored, and says that newer lines cannot be read while the engine is down", async () => {
  await using service = await openLogs();
  const all = await read(service, "readLogs", { params, query: {} });
  const end = all.pop()!;
  assert.equal(end.problem?.code, "engine/unavailable");
  assert.equal(all.length, COUNT);
  assert.deepEqual(all[1], { time: timeOf(1), stream: "stderr", text: "line 1" });

  const texts = async (query: OperationInput<"readLogs">["query"]) =>
    (await read(service, "readLogs", { params, query })).flatMap(({ text }) => text ?? []);
  assert.deepEqual(await texts({ tail: 2 }), ["line 2998", "line 2999"]);
  assert.deepEqual(await texts({ tail: 0 }), []);
  assert.deepEqual(await texts({ since: timeOf(10), until: timeOf(12) }), ["line 10", "line 11"]);
  assert.deepEqual(await texts({ since: "2026-01-31T13:04:59.900+01:00", tail: 1 }), ["line 2999"]);
  assert.deepEqual(await texts({ q: "99", tail: 3 }), ["line 2997", "line 2998", "line 2999"]);
  assert.deepEqual(await texts({ q: "77", tail: 3 }), ["line 2779", "line 2877", "line 2977"]);
  assert.deepEqual(
    await texts({ regex: "^line 29\\d9$" }),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `line 29${n}9`),
  );
});

Deno.test("followLogs gives what is stored, and says that newer lines cannot be read while the engine is down", async () => {
  await using service = await openLogs();
  const { client } = service;
  const begin = async (query: OperationInput<"followLogs">["query"], lastEventId?: string) => {
    const headers: Record<string, string> = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
    const response = await client.request("followLogs", { params, query }, { headers });
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    let text = "";
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (/event: problem\ndata: .*\n\n$/.test(text)) break;
    }
    assert.match(text, /"code":"engine\/unavailable"/);
    return text.split("\n\n").flatMap((event) => {
      const [, id, data] = /^id: (.+)\ndata: (.+)$/.exec(event) ?? [];
      return id === undefined ? [] : [{ id, text: JSON.parse(data!).text as string }];
    });
  };
  const all = await begin({});
  assert.deepEqual(all.map(({ text }) => text), Array.from({ length: COUNT }, (_, n) => `line ${n}`));
  for (const at of [0, 1, 8, 9, 10, 1234, COUNT - 2, COUNT - 1]) {
    assert.deepEqual(await begin({}, all[at]!.id), all.slice(at + 1), `after ${all[at]!.id}`);
  }
  assert.deepEqual(await begin({ tail: 3 }), all.slice(-3), "the same ids, wherever the reading begins");
  assert.deepEqual(await begin({ since: timeOf(2990) }), all.slice(2990));
  assert.deepEqual((await begin({ q: "7", tail: 2 })).map(({ id }) => id), [all[2987]!.id, all[2997]!.id]);
});

Deno.test("searchLogs finds lines of bots that were removed, page by page", async () => {
  await using service = await openLogs();
  const find = (query: OperationInput<"searchLogs">["query"]) => read(service, "searchLogs", { query });
  const all = await find({ q: "line 29" });
  assert.equal(all.length, 111);
  assert.deepEqual(all[0], { bot: "gone", time: timeOf(29), stream: "stderr", text: "line 29" });
  const page = await find({ q: "line 29", limit: 60 });
  const { next } = page.pop()!;
  assert.deepEqual(page, all.slice(0, 60));
  const rest = await find({ q: "line 29", limit: 60, cursor: next! });
  assert.deepEqual(rest, all.slice(60));
  assert.deepEqual(await find({ q: "line 29", bots: "other,more" }), []);
  assert.deepEqual(
    (await find({ regex: "line 29.7", from: timeOf(2950), to: timeOf(2970), bots: "gone" })).map(({ text }) =>
      text
    ),
    ["line 2957", "line 2967"],
  );
});

Deno.test("two searches run at once; a client that goes away ends its search", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  // More than the buffers on the way hold.
  const line = `{"timestamp":"${timeOf(0)}","stream":"stdout","message":"${"x".repeat(1000)}"}\n`;
  const bytes = new TextEncoder().encode(line.repeat(10_000));
  await service.composed.store.put(BUCKET, "logs/large/20260131.log", bytes);
  const query = { q: "xx", limit: 10_000 };
  const unread = [
    await client.request("searchLogs", { query }),
    await client.request("searchLogs", { query }),
  ];
  await refused(client.request("searchLogs", { query }), 429, "search/busy");
  await unread[0]!.body!.cancel();
  await until("a free place", async () => {
    const response = await client.request("searchLogs", { query }).catch(() => undefined);
    await response?.body?.cancel();
    return response !== undefined;
  });
  assert.equal(
    (await unread[1]!.text()).split("\n").length - 1,
    10_000 + 1,
    "and the end, which says that there may be more",
  );
});

Deno.test("getMetrics gives nothing of a bot that has printed none", async () => {
  await using service = await openLogs();
  const { client } = service;
  assert.deepEqual(await client.call("getMetrics", { params, query: {} }), {
    counts: {},
    latest: {},
    recent: [],
  });
});

Deno.test("operations on logs refuse what makes no sense, and say why", async () => {
  await using service = await openLogs();
  const { client } = service;
  for (
    const [query, message] of [
      [{ tail: -1 }, /The tail '/],
      [{ tail: 1e9 }, /The tail '/],
      [{ tail: 1.5 }, /The tail '/],
      [{ since: "yesterday" }, /The since '/],
      [{ since: "2026-02-30T00:00:00Z" }, /The since '/],
      [{ until: "2026-01-31" }, /The until '/],
      [{ q: "" }, /The q '/],
      [{ q: "x".repeat(1001) }, /The q '/],
      [{ nonsense: 1 }, /nonsense/],
    ] as const
  ) {
    const call = client.text("readLogs", { params, query: query as object });
    await refused(call, 400, "request/invalid", message);
  }
  for (const regex of ["(", "a(?=b)", "(a)\\1", "a{5000}"]) {
    await refused(client.text("readLogs", { params, query: { regex } }), 400, "logs/pattern");
    await refused(client.text("searchLogs", { query: { regex } }), 400, "logs/pattern");
  }
  for (const id of ["17", "2026-01-31T12:00:00Z/0", "x".repeat(2000)]) {
    const call = client.text("followLogs", { params, query: {} }, { headers: { "last-event-id": id } });
    await refused(call, 400, "request/invalid", /Last-Event-ID/);
  }
  for (const cursor of ["x", "20260131/../5", "20260131/a/-1", "20260131/a/5/5"]) {
    await refused(client.text("searchLogs", { query: { q: "x", cursor } }), 400, "request/invalid", /cursor/);
  }
  await refused(client.text("searchLogs", { query: {} }), 400, "request/invalid", /query\.q: is needed/);
  for (const bots of ["", "a,,b", "../x", "a b"]) {
    await refused(
      client.text("searchLogs", { query: { q: "x", bots } }),
      400,
      "request/invalid",
      /bots/,
    );
  }
  await refused(client.text("readLogs", { params: { id: ".." }, query: {} }), 404, "route/not-found");
  await refused(client.text("readLogs", { params: { id: "a/b" }, query: {} }), 400, "request/invalid");
});

Deno.test("getMetricRange gives the numbers of stored metrics, by time and type", async () => {
  await using service = await ServiceFixture.open();
  const day = (day: number) => Date.UTC(2026, 0, day, 12);
  const line = (ms: number, rest: string, stream = "stdout") =>
    `{"stream":"${stream}","timestamp":"${new Date(ms).toISOString().replace("Z", "000000Z")}",${rest}}\n`;
  const store = async (name: number, lines: string) =>
    await service.composed.store.put(BUCKET, `logs/gone/202601${name}.log`, new TextEncoder().encode(lines));
  await store(
    30,
    line(day(30), '"_metric":"equity","value":10') + line(day(30) + 1, '"message":"no metric"'),
  );
  await store(
    31,
    line(day(31), '"_metric":"equity","value":20') +
      line(day(31) + 1, '"_metric":"equity","value":"30"') +
      line(day(31) + 2, '"_metric":"equity","value":40', "stderr") +
      "not a line of a log\n" +
      line(day(31) + 3, '"_metric":"fill","price":12345678901234567890,"side":"buy"') +
      '[2026-01-31 12:00:05] {"_metric":"equity","value":15}\n',
  );
  const range = async (query: OperationInput<"getMetricRange">["query"]) =>
    await service.client.call("getMetricRange", { params, query });
  const all = await range({ from: "2026-01-30T00:00:00Z", to: "2026-02-01T00:00:00Z", points: 2 });
  assert.deepEqual(all, {
    from: "2026-01-30T00:00:00.000Z",
    to: "2026-02-01T00:00:00.000Z",
    cut: false,
    complete: true,
    series: [
      {
        type: "equity",
        field: "value",
        points: [
          { time: day(30), last: 10, min: 10, max: 10 },
          { time: day(31) + 5000, last: 15, min: 15, max: 20 },
        ],
      },
      {
        type: "fill",
        field: "price",
        points: [{
          time: day(31) + 3,
          last: 12345678901234567890,
          min: 12345678901234567890,
          max: 12345678901234567890,
        }],
      },
    ],
  });
  const later = await range({ from: "2026-01-31T12:00:01Z", to: "2026-02-01T00:00:00Z", type: "equity" });
  assert.deepEqual(later.series.map(({ points }) => points.map(({ last }) => last)), [[15]]);
  assert.deepEqual(
    (await range({ from: "2026-01-31T12:00:00Z", to: "2026-02-01T00:00:00Z", type: "none" })).series,
    [],
  );
  await refused(
    range({ from: "2026-02-01T00:00:00Z", to: "2026-01-01T00:00:00Z" }),
    400,
    "request/invalid",
    /before 'to'/,
  );
});
