import assert from "node:assert/strict";
import { ServiceState } from "../../../../services/bots/service_state.ts";
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
  const text = await metrics.page("text");
  const open = await metrics.page("openmetrics");
  assert.equal(text.contentType, "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(open.contentType, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  assert.ok(open.body.endsWith("# EOF\n"));
  const names = text.body.match(/(?<=^# TYPE )\S+/gm)!;
  assert.deepEqual(names, [...new Set(names)]);
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
  metrics.watchBots(state);
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
  assert.equal(samples.get(`berth_runs{state="running"}`), 2);
  assert.equal(samples.get(`berth_runs{state="waiting"}`), 1);
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
