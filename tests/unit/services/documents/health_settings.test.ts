import assert from "node:assert/strict";
import { readBotSettings } from "../../../../services/documents/bot_settings.ts";

function read(health: unknown, more: Record<string, unknown> = {}) {
  const problems: string[] = [];
  const { settings } = readBotSettings({ health, ...more }, problems);
  return { health: settings.health, problems };
}

const DEFAULTS = {
  signal: "output",
  intervalSeconds: 30,
  timeoutSeconds: 5,
  startGraceSeconds: 60,
  limit: 3,
  action: "alert",
};

Deno.test("readHealthSettings() reads what is set, and has a default for the rest", () => {
  for (const nothing of [undefined, null, false]) {
    assert.deepEqual(read(nothing), { health: undefined, problems: [] });
  }
  assert.deepEqual(read({ max_silence_seconds: 300 }), {
    health: { ...DEFAULTS, maxSilenceSeconds: 300 },
    problems: [],
  });
  const all = {
    max_silence_seconds: 1,
    signal: "metric",
    metric: "equity",
    command: ["python3", "check.py"],
    interval_seconds: 10,
    timeout_seconds: 2,
    start_grace_seconds: 0,
    limit: 1,
    action: "restart",
  };
  assert.deepEqual(read(all), {
    health: {
      maxSilenceSeconds: 1,
      signal: "metric",
      metric: "equity",
      command: ["python3", "check.py"],
      intervalSeconds: 10,
      timeoutSeconds: 2,
      startGraceSeconds: 0,
      limit: 1,
      action: "restart",
    },
    problems: [],
  });
  assert.deepEqual(read({ command: "test -e ok" }).health?.command, ["/bin/sh", "-c", "test -e ok"]);
});

Deno.test("readHealthSettings() says what is wrong, and where", () => {
  const wrong: readonly (readonly [health: unknown, problem: RegExp, more?: Record<string, unknown>])[] = [
    [true, /^config\.berth\.health: must be false or an object with .* \(is a boolean\)$/],
    [{}, /^config\.berth\.health: says nothing to watch; set max_silence_seconds, command or both$/],
    [
      { max_silence_seconds: 0 },
      /^config\.berth\.health\.max_silence_seconds: must be a whole number from 1 to 604800 \(is 0\)$/,
    ],
    [{ max_silence_seconds: 1.5 }, /\.max_silence_seconds: must be a whole number/],
    [{ max_silence_seconds: "5" }, /\.max_silence_seconds: must be a whole number/],
    [
      { max_silence_seconds: 5, signal: "noise" },
      /\.signal: must be output, metric or heartbeat \(is "noise"\)$/,
    ],
    [{ max_silence_seconds: 5, action: "stop" }, /\.action: must be alert or restart \(is "stop"\)$/],
    [{ max_silence_seconds: 5, metric: "equity" }, /\.metric: has no effect unless signal is metric$/],
    [{ max_silence_seconds: 5, signal: "metric", metric: 5 }, /\.metric: must be the name of a metric/],
    [{ max_silence_seconds: 5, limit: 3 }, /\.limit: has no effect without command$/],
    [{ command: "true", signal: "metric" }, /\.signal: has no effect without max_silence_seconds$/],
    [{ command: "" }, /\.command: must be a script of the shell, or a list/],
    [{ command: [] }, /\.command: must be/],
    [{ command: ["a", 5] }, /\.command: must be/],
    [{ command: "a\0b" }, /\.command: must be/],
    [{ command: "x".repeat(5000) }, /\.command: must be/],
    [{ command: "true", timeout_seconds: 301 }, /\.timeout_seconds: must be a whole number from 1 to 300/],
    [{ command: "true", interval: 5 }, /health: "interval" is not one of max_silence_seconds, /],
    [
      { command: "true", action: "restart" },
      /\.action: cannot be restart, because config\.berth\.restart is no/,
      { restart: "no" },
    ],
  ];
  for (const [health, problem, more] of wrong) {
    const { problems } = read(health, more);
    assert.equal(problems.length, 1, `${JSON.stringify(health)}: ${problems.join("; ")}`);
    assert.match(problems[0]!, problem);
  }
});
