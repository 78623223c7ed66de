import assert from "node:assert/strict";
import { ObjectStoreError } from "../../../../lib/errors.ts";
import { MetricSeries } from "../../../../lib/logs/metric_series.ts";
import { StoreUnavailableError } from "../../../../services/documents/bot_repository.ts";
import { ServiceState } from "../../../../services/bots/service_state.ts";
import type { BotEventsStatus } from "../../../../services/events/bot_events.ts";
import { parseAllowedMetrics } from "../../../../services/metrics/allowed_metrics.ts";
import { ServiceMetrics } from "../../../../services/metrics/service_metrics.ts";
import type { RunRecord } from "../../../../services/schedules/run_repository.ts";
import { ScheduleState } from "../../../../services/schedules/schedule_state.ts";
import { samplesOf } from "../../../support/metrics_page.ts";

const AT = new Date("2026-01-31T12:00:00Z");

function make() {
  const metrics = new ServiceMetrics({ version: "1.2.3" });
  return { metrics, read: async () => samplesOf((await metrics.page("text")).body) };
}

Deno.test("a page says which Berth runs, and shows the process", async () => {
  const samples = await make().read();
  assert.equal(samples.get(`berth_build_info{version="1.2.3",deno="${Deno.version.deno}"}`), 1);
  assert.ok(samples.get("process_resident_memory_bytes")! > 1e6);
  assert.ok(samples.get("process_cpu_seconds_total")! > 0);
});

Deno.test("a page has each metric once, in both formats", async () => {
  const { metrics } = make();
  metrics.watchSchedules(new ScheduleState());
  const text = await metrics.page("text");
  const open = await metrics.page("openmetrics");
  assert.equal(text.contentType, "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(open.contentType, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  assert.ok(open.body.endsWith("# EOF\n"));
  const namesIn = (body: string) => body.match(/(?<=^# TYPE )\S+/gm)!;
  const families = namesIn(open.body);
  assert.deepEqual(families, [...new Set(families)]);
  assert.deepEqual(namesIn(text.body).map((name) => name.replace(/_total$/, "")), families);
  // A page leaves nothing behind for the next one.
  const again = await Promise.all([metrics.page("openmetrics"), metrics.page("text")]);
  assert.deepEqual(again.map(({ body }) => namesIn(body)), [families, namesIn(text.body)]);
});

Deno.test("queues show passes, errors and what waits", async () => {
  const { metrics, read } = make();
  const queue = metrics.queue("bots");
  queue.watchDepth(() => 7);
  queue.passed(30, false);
  queue.passed(3000, true);
  const samples = await read();
  assert.equal(samples.get(`berth_queue_depth{service="bots"}`), 7);
  assert.equal(samples.get(`berth_reconcile_errors_total{service="bots"}`), 1);
  assert.equal(samples.get(`berth_reconcile_duration_seconds_count{service="bots"}`), 2);
  assert.equal(samples.get(`berth_reconcile_duration_seconds_bucket{le="0.1",service="bots"}`), 1);
  assert.equal(samples.get(`berth_reconcile_duration_seconds_sum{service="bots"}`), 3.03);
});

Deno.test("a bot shows its state, its container and its restarts, until it is gone", async () => {
  const { metrics, read } = make();
  const state = new ServiceState();
  const series = new MetricSeries();
  const runner = { latestMetric: (id: string, type: string) => series.latest(id, type) };
  metrics.watchBots({ bots: state, runner, allowed: [] });
  const running = {
    id: "a",
    containerId: "c1",
    startedAt: AT,
    attempt: 1,
    condition: { type: "running" },
  } as const;
  state.setRunningBot(running);
  state.setRunningBot({ id: "b", condition: { type: "disabled" } });
  let samples = await read();
  assert.equal(samples.get(`berth_bot_up{bot="a"}`), 1);
  assert.equal(samples.get(`berth_bot_state{bot="a",state="running"}`), 1);
  assert.equal(samples.get(`berth_bot_start_time_seconds{bot="a"}`), AT.getTime() / 1000);
  assert.equal(samples.get(`berth_bot_up{bot="b"}`), 0);

  const container = { id: "a", at: AT, containerId: "c1", attempt: 1 };
  state.report({ ...container, type: "started" });
  state.report({ ...container, type: "exited", startedAt: AT, exit: { exitCode: 137, oomKilled: true } });
  state.report({ ...container, type: "started", containerId: "c2", attempt: 2 });
  state.report({ ...container, type: "stopped", startedAt: AT, exit: {}, why: "restart asked for" });
  state.report({ ...container, type: "started", containerId: "c3" });
  state.report({ ...container, type: "stopped", startedAt: AT, exit: {}, why: "disabled" });
  state.report({ ...container, type: "started", containerId: "c4" });
  state.setRunningBot({ id: "a", condition: { type: "disabled" } });
  samples = await read();
  assert.equal(samples.get(`berth_bot_restarts_total{bot="a",reason="out_of_memory"}`), 1);
  assert.equal(samples.get(`berth_bot_restarts_total{bot="a",reason="requested"}`), 1);
  assert.equal([...samples.keys()].filter((name) => name.startsWith("berth_bot_restarts_total")).length, 2);
  assert.equal(samples.get(`berth_bot_state{bot="a",state="running"}`), undefined);

  state.removeRunningBot("a");
  samples = await read();
  assert.deepEqual([...samples.keys()].filter((name) => name.includes(`bot="a"`)), []);
});

Deno.test("runs show how they end, and how late they began by their slot", async () => {
  const { metrics, read } = make();
  const state = new ScheduleState(() => ({ running: 2, waiting: 1 }));
  metrics.watchSchedules(state);
  const run: RunRecord = {
    id: "s@1",
    scheduleId: "s",
    slot: 1,
    trigger: "schedule",
    state: "claimed",
    attempt: 0,
    instance: "test",
    seenAt: AT,
    claimedAt: AT,
  };
  const running = { ...run, state: "running", attempt: 1, startLagMs: 300 } as const;
  state.setRun(run);
  state.setRun(running);
  state.setRun({ ...running, durationMs: 2000, state: "succeeded" });
  state.setRun({ ...running, id: "s@2", trigger: "manual", startLagMs: 9000 });
  const samples = await read();
  assert.equal(samples.get(`berth_runs_total{outcome="succeeded"}`), 1);
  assert.equal(samples.get(`berth_runs_total{outcome="failed"}`), 0);
  assert.equal(samples.get("berth_run_duration_seconds_sum"), 2);
  assert.equal(samples.get("berth_schedule_lag_seconds_sum"), 0.3);
  assert.equal(samples.get(`berth_runs_open{state="running"}`), 2);
  assert.equal(samples.get(`berth_runs_open{state="waiting"}`), 1);
});

Deno.test("notifications and events are counted", async () => {
  const { metrics, read } = make();
  metrics.eventStored("bots", 20);
  metrics.notifications.sent("phone");
  metrics.notifications.failed("phone", "retried");
  metrics.notifications.watchPending(() => 3);
  const samples = await read();
  assert.equal(samples.get(`berth_event_lag_seconds_sum{service="bots"}`), 0.02);
  assert.equal(samples.get(`berth_notifications_sent_total{channel="phone"}`), 1);
  assert.equal(samples.get(`berth_notification_failures_total{channel="phone",outcome="retried"}`), 1);
  assert.equal(samples.get("berth_notifications_pending"), 3);
});

Deno.test("the runner shows calls to the engine, starts and logs", async () => {
  const { metrics: { runner }, read } = make();
  runner.engineCalled("list", 10, false);
  runner.engineCalled("list", 3000, true);
  runner.containerStarted("bot", 200, false);
  runner.containerStarted("run", 200, true);
  runner.linesStored({ lines: 3, bytes: 50, lagMs: 2000 });
  runner.linesLost("a", 5);
  runner.linesLost("a", 0);
  runner.watchFailingLogs(() => 2);
  const samples = await read();
  assert.equal(samples.get(`berth_engine_call_duration_seconds_count{call="list"}`), 2);
  assert.equal(samples.get(`berth_engine_call_errors_total{call="list"}`), 1);
  assert.equal(samples.get(`berth_engine_call_errors_total{call="stop"}`), 0);
  assert.equal(samples.get(`berth_container_start_duration_seconds_count{kind="bot"}`), 1);
  assert.equal(samples.get(`berth_container_start_errors_total{kind="run"}`), 1);
  assert.equal(samples.get("berth_log_lines_total"), 3);
  assert.equal(samples.get("berth_log_bytes_total"), 50);
  assert.equal(samples.get("berth_log_lag_seconds_sum"), 2);
  assert.equal(samples.get("berth_log_gaps_total"), 2);
  assert.equal(samples.get("berth_log_lost_lines_total"), 5);
  assert.equal(samples.get("berth_logs_failing"), 2);
});

Deno.test("stores count the calls that they did not answer, and nothing else", async () => {
  const { metrics, read } = make();
  class Store {
    #bots = ["a"];
    get = (id: string) => Promise.resolve(this.#bots.find((bot) => bot === id));
    list(): Promise<string[]> {
      return Promise.reject(new StoreUnavailableError("no answer"));
    }
    async *all() {
      yield* this.#bots;
      throw new ObjectStoreError("no answer");
    }
    refuse = () => Promise.reject(new TypeError("not an outage"));
  }
  const store = metrics.stores.watch("runs", new Store());
  assert.equal(await store.get("a"), "a");
  await assert.rejects(store.list(), StoreUnavailableError);
  await assert.rejects(Array.fromAsync(store.all()), ObjectStoreError);
  await assert.rejects(store.refuse(), TypeError);
  assert.equal((await read()).get(`berth_store_errors_total{store="runs"}`), 2);
});

Deno.test("a running bot shows the numbers that METRICS_ALLOW names, whatever else it prints", async () => {
  const { metrics, read } = make();
  const state = new ServiceState();
  const allowed = parseAllowedMetrics("equity, fill:price, odd, ten")!;
  const series = new MetricSeries({ always: allowed.map(({ metric }) => metric) });
  const runner = { latestMetric: (id: string, type: string) => series.latest(id, type) };
  metrics.watchBots({ bots: state, runner, allowed });
  for (const id of ["a", "off"]) {
    for (let n = 0; n < 10_000; n++) series.record(id, AT.toISOString(), `{"_metric":"m${n}","value":${n}}`);
    series.record(id, AT.toISOString(), '{"_metric":"equity","value":12.5,"side":"buy"}');
    series.record(id, AT.toISOString(), '{"_metric":"fill","price":12345678901234567890,"value":1}');
    series.record(id, AT.toISOString(), '{"_metric":"odd","value":"7"}');
    series.record(id, AT.toISOString(), '{"_metric":"ten","value":null}');
  }
  state.setRunningBot({ id: "a", containerId: "c1", condition: { type: "running" } });
  state.setRunningBot({ id: "off", condition: { type: "disabled" } });
  const own = [...await read()].filter(([name]) => name.startsWith("berth_bot_metric{"));
  assert.deepEqual(Object.fromEntries(own), {
    'berth_bot_metric{bot="a",metric="equity",field="value"}': 12.5,
    'berth_bot_metric{bot="a",metric="fill",field="price"}': 12345678901234567000,
  });
});

Deno.test("an id that is markup, several lines or 1 MB long does not break the page", async () => {
  const { metrics, read } = make();
  const state = new ServiceState();
  metrics.watchBots({ bots: state, runner: { latestMetric: () => undefined }, allowed: [] });
  const ids = ['"} 1\nberth_bot_up{bot="x', "\u202e\\<script>", "x".repeat(1e6)];
  for (const id of ids) {
    state.setRunningBot({ id, condition: { type: "invalid", reason: "", stillRunning: false } });
  }
  const up = [...await read()].filter(([name]) => name.startsWith("berth_bot_up"));
  assert.equal(up.length, 3);
  assert.ok(up.every(([name, value]) => value === 0 && name.length < 200));
});

Deno.test("METRICS_ALLOW takes names with and without a field, and refuses what is neither", () => {
  assert.deepEqual(parseAllowedMetrics(" equity ,fill:price,,equity"), [
    { metric: "equity", field: "value" },
    { metric: "fill", field: "price" },
  ]);
  assert.deepEqual(parseAllowedMetrics(""), []);
  for (
    const text of [
      ":price",
      "fill:",
      "a:b:c",
      "x".repeat(101),
      Array.from({ length: 21 }, (_, n) => n).join(),
    ]
  ) {
    assert.equal(parseAllowedMetrics(text), undefined, text);
  }
});

Deno.test("the page shows whether the event bus is connected", () => {
  const metrics = new ServiceMetrics({ version: "1" });
  let status: BotEventsStatus = { state: "connecting", detail: "no server" };
  metrics.watchEvents("bots", { status: () => status });
  metrics.watchEvents("schedules", { status: () => ({ state: "connected", mode: "core" }) });
  const shown = () => {
    const samples = samplesOf(metrics.page("text").body);
    return ["bots", "schedules"].map((service) =>
      samples.get(`berth_events_connected{service="${service}"}`)
    );
  };
  assert.deepEqual(shown(), [0, 1]);
  status = { state: "catching-up", detail: "3 left" };
  assert.deepEqual(shown(), [0, 1]);
  status = { state: "connected", mode: "jetstream" };
  assert.deepEqual(shown(), [1, 1]);
});
