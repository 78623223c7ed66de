import assert from "node:assert/strict";
import type { CommandOutcome } from "../../../../lib/engine/container_orchestrator.ts";
import { LiveLine } from "../../../../lib/logs/live_line.ts";
import type { ManagedContainer, Runner } from "../../../../lib/runner/runner.ts";
import type { RunHealth } from "../../../../services/bots/run_health.ts";
import type { BotSettings } from "../../../../services/documents/bot_settings.ts";
import { readHealthSettings } from "../../../../services/documents/health_settings.ts";
import { Watchdog } from "../../../../services/health/watchdog.ts";
import type { Incident } from "../../../../services/notifications/incidents.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { NO_INCIDENTS } from "../../../support/fake_incidents.ts";

const ID = "bot-1";
const line = (text: string) => new LiveLine({ time: "2026-01-31T00:00:00Z", stream: "stdout", text });

interface WorldOptions {
  readonly health: Record<string, unknown>;
  readonly outcomes?: readonly CommandOutcome[];
  readonly container?: Partial<ManagedContainer>;
}

function open({ health, outcomes = [], container = {} }: WorldOptions) {
  const clock = new FakeClock(0);
  const told: string[] = [];
  const seen: { health: RunHealth | undefined } = { health: undefined };
  const ready = new Set<string>();
  let runs = 0;
  const status = { phase: "running", ...container } as ManagedContainer;
  const runner = {
    getContainerStatus: () => Promise.resolve(status),
    runCommand: () => Promise.resolve(outcomes[Math.min(runs++, outcomes.length - 1)]!),
  } as Partial<Runner> as Runner;
  const watchdog = new Watchdog({
    runner,
    healthOf: () => seen.health,
    onHealth: (_id, health) => seen.health = health,
    ready: {
      has: (_id, containerId) => Promise.resolve(ready.has(containerId)),
      add: (_id, containerId) => Promise.resolve(void ready.add(containerId)),
    },
    incidents: {
      ...NO_INCIDENTS,
      open: ({ kind, text }: Incident) => void told.push(`${kind}: ${text}`),
      close: ({ kind }) => void told.push(`${kind} is over`),
    },
    clock,
    random: () => 0,
  });
  const problems: string[] = [];
  const settings = readHealthSettings({ health }, problems);
  assert.deepEqual(problems, []);
  const watch = (isNew = true, containerId = "c1") =>
    watchdog.watch({
      id: ID,
      container: { containerId, createdAt: new Date(0), phase: "running" } as ManagedContainer,
      settings: (settings ? { health: settings } : {}) as BotSettings,
      isNew,
      syncLines: () => Promise.resolve(),
    });
  return { clock, told, seen, ready, watch };
}

Deno.test("Watchdog tells of silence once, and of its end once", async () => {
  const { clock, told, seen, watch } = open({ health: { max_silence_seconds: 10, start_grace_seconds: 0 } });
  using one = watch()!;
  one.onConnection!(true);
  one.onLine!(line("begins"));
  await clock.advance(60_000);
  assert.deepEqual(seen.health?.trouble, {
    type: "silent",
    message: "silent for 10 s; last line: begins",
    isToRestart: false,
  });
  for (let n = 0; n < 3; n++) one.onLine!(line("works"));
  assert.equal(seen.health?.trouble, undefined);
  assert.deepEqual(told, [
    "bot.silent is over",
    "bot.silent: It has been silent for 10 s; last line: begins.",
    "bot.silent is over",
  ]);
});

Deno.test("Watchdog shows the last line that is meant for people, or else the last one", async () => {
  for (const isChatty of [true, false]) {
    const { clock, seen, watch } = open({
      health: { max_silence_seconds: 10, start_grace_seconds: 0, signal: "heartbeat" },
    });
    using one = watch()!;
    one.onConnection!(true);
    one.onLine!(line('{"_heartbeat":"STATUS=loads"}'));
    if (isChatty) one.onLine!(line("trades"));
    one.onLine!(line('{"_metric":"equity","value":5}'));
    await clock.advance(60_000);
    const shown = isChatty ? "trades" : '{"_metric":"equity","value":5}';
    assert.equal(seen.health?.trouble?.message, `silent for 10 s: no heartbeat; last line: ${shown}`);
  }
});

Deno.test("Watchdog does not judge a container that is paused, whatever was seen of it", async () => {
  const { clock, told, watch } = open({
    health: { max_silence_seconds: 10, start_grace_seconds: 0 },
    container: { isPaused: true },
  });
  using one = watch()!;
  one.onConnection!(true);
  await clock.advance(60_000);
  assert.deepEqual(told, []);
});

Deno.test("Watchdog has a bot restarted whose command fails, and tells so", async () => {
  const { clock, told, seen, watch } = open({
    health: { command: "x", limit: 2, interval_seconds: 5, start_grace_seconds: 20, action: "restart" },
    outcomes: [{ end: "exited", exitCode: 1, output: "" }],
  });
  using _one = watch()!;
  await clock.advance(24_999);
  assert.equal(seen.health, undefined);
  await clock.advance(1);
  assert.equal(seen.health!.trouble?.isToRestart, true);
  assert.deepEqual(told, [
    "bot.unhealthy: It is unhealthy: its command failed 2 times in a row: exit code 1. It is restarted.",
  ]);
});

Deno.test("Watchdog keeps what is ready, for each container by itself, and throttles what a bot says of itself", async () => {
  const { clock, seen, ready, watch } = open({ health: { max_silence_seconds: 10 } });
  {
    using one = watch()!;
    one.onLine!(line('{"_heartbeat": "READY=1"}'));
    assert.deepEqual(seen.health, { containerId: "c1", isReady: true });
    for (let n = 0; n < 1000; n++) one.onLine!(line(`{"_heartbeat": "STATUS=step ${n}"}`));
    assert.equal(seen.health!.statusText, undefined);
    await clock.advance(1000);
    assert.equal(seen.health!.statusText, "step 999");
  }
  assert.deepEqual([...ready], ["c1"]);
  seen.health = undefined;
  {
    using _adopted = watch(false)!;
    await clock.advance(0);
    assert.deepEqual(seen.health, { containerId: "c1", isReady: true });
  }
  using _next = watch(false, "c2")!;
  await clock.advance(0);
  assert.deepEqual(seen.health, { containerId: "c1", isReady: true });
});

Deno.test("Watchdog judges anew when the settings change, and forgets a bot that is no longer watched", () => {
  const trouble = { type: "silent", message: "silent for 10 s", isToRestart: true } as const;
  const { seen, watch } = open({ health: { max_silence_seconds: 10 } });
  seen.health = { containerId: "c1", isReady: true, trouble };
  using _one = watch()!;
  assert.deepEqual(seen.health, { containerId: "c1", isReady: true });
  const none = open({ health: false as never });
  none.seen.health = { containerId: "c1", isReady: true };
  assert.equal(none.watch(), undefined);
  assert.equal(none.seen.health, undefined);
});
