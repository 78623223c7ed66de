import assert from "node:assert/strict";
import { serviceName } from "../../../../lib/cluster/service_name.ts";

Deno.test("serviceName() keeps a name that a Swarm takes", () => {
  assert.equal(serviceName("berth_default_bot_my-bot_1"), "berth_default_bot_my-bot_1");
});

Deno.test("serviceName() gives names to bots whose ids differ in capital letters alone that differ in more", () => {
  const names = ["alpha", "Alpha", "ALPHA"].map((id) => serviceName(`berth_default_bot_${id}`).toLowerCase());
  assert.equal(new Set(names).size, names.length, names.join());
});

Deno.test("serviceName() shortens other names, each to one of its own", () => {
  const long = `berth_default_bot_${"x".repeat(120)}`;
  const names = [
    "berth_default_bot_a.b",
    "berth_default_bot_a-b.",
    "berth_default_bot_ends-",
    "berth_default_bot_-",
    long,
    `${long}y`,
    `berth_${"i".repeat(32)}_run_report_2026-01-31T09-00-00Z.1`,
  ];
  const made = names.map(serviceName);
  assert.equal(new Set(made).size, names.length);
  for (const name of made) {
    assert.ok(name.length <= 63, name);
    assert.match(name, /^[a-zA-Z0-9](?:[a-zA-Z0-9_-]*[a-zA-Z0-9])?$/);
    assert.match(name, /^berth_/);
  }
  assert.deepEqual(names.map(serviceName), made);
});
