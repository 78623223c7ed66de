import assert from "node:assert/strict";
import { LiveLine } from "../../../../lib/logs/live_line.ts";
import { inOneLine, readSignals } from "../../../../services/health/signals.ts";

const line = (text: string, stream: "stdout" | "stderr" = "stdout") =>
  new LiveLine({ time: "2026-01-31T00:00:00Z", stream, text });
const EQUITY = '{"_metric": "equity", "value": 1}';

Deno.test("readSignals() counts the lines that the settings name", () => {
  const isAlive = (text: string, settings: Parameters<typeof readSignals>[1], stream?: "stderr") =>
    readSignals(line(text, stream), settings).isAlive;
  for (const text of ["", "hello", EQUITY, '{"_heartbeat": true}']) {
    assert.ok(isAlive(text, { signal: "output" }));
    assert.ok(isAlive(text, { signal: "output" }, "stderr"));
  }
  assert.ok(isAlive(EQUITY, { signal: "metric" }));
  assert.ok(isAlive(EQUITY, { signal: "metric", metric: "equity" }));
  assert.ok(!isAlive(EQUITY, { signal: "metric", metric: "price" }));
  assert.ok(!isAlive("hello", { signal: "metric" }));
  assert.ok(isAlive('{"_heartbeat": true}', { signal: "heartbeat" }));
  assert.ok(isAlive('{"_heartbeat": "STATUS=x\\nWATCHDOG=1"}', { signal: "heartbeat" }));
  for (const text of ['{"_heartbeat": "READY=1"}', EQUITY, "hello", '{"_heartbeat": "WATCHDOG=10"}']) {
    assert.ok(!isAlive(text, { signal: "heartbeat" }), text);
  }
});

Deno.test("readSignals() reads the words of sd_notify", () => {
  const said = readSignals(line('{"_heartbeat": "READY=1\\nSTATUS=first\\nSTATUS=trades 5%\\nMAINPID=7"}'), {
    signal: "output",
  });
  assert.deepEqual(said, { isAlive: true, isReady: true, statusText: "trades 5%", isForPeople: false });
  assert.deepEqual(readSignals(line("hello"), { signal: "output" }), {
    isAlive: true,
    isReady: false,
    isForPeople: true,
  });
  assert.equal(readSignals(line('{"_heartbeat": "STATUS="}'), { signal: "output" }).statusText, "");
});

Deno.test("inOneLine() makes one short plain line of anything", () => {
  assert.equal(inOneLine("\x1b[1;31m a \r\n\tb\u202e\u0007c\x1b[0m ", 200), "a b c");
  assert.equal(inOneLine("x".repeat(1_000_000), 5), "xxxxx…");
});
