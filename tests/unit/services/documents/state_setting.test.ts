import assert from "node:assert/strict";
import { DEFAULT_STATE } from "../../../../lib/executable/state_settings.ts";
import { readBotSettings } from "../../../../services/documents/bot_settings.ts";
import { readScheduleSettings } from "../../../../services/documents/schedule_settings.ts";

function read(berth: Record<string, unknown>) {
  const problems: string[] = [];
  const { shape } = readBotSettings(berth, problems);
  return { state: shape.state, problems };
}

Deno.test("readBotSettings() reads how a state is kept, and leaves old documents as they are", () => {
  for (const none of [{}, { state: false }, { state: null }]) {
    assert.deepEqual(read(none), { state: undefined, problems: [] });
  }
  assert.deepEqual(read({ state: true }).state, DEFAULT_STATE);
  assert.deepEqual(read({ state: { max_mb: 5, keep: 2, every: "90m" } }), {
    state: { maxBytes: 5 * 1024 * 1024, keep: 2, everySeconds: 5400 },
    problems: [],
  });
  assert.equal(read({ state: { follow: false } }).state?.follow, false);
  assert.deepEqual(read({ state: { follow: true } }).state, DEFAULT_STATE);
});

for (
  const [state, problem] of [
    [
      "yes",
      /^config\.berth\.state: must be true, false or an object with max_mb, keep, every, follow \(is a string\)$/,
    ],
    [{ max_mb: 0 }, /^config\.berth\.state\.max_mb: must be a whole number from 1 to 1048576/],
    [{ keep: "many" }, /^config\.berth\.state\.keep: must be a whole number from 1 to 1000/],
    [{ every: "10s" }, /^config\.berth\.state\.every: must be minutes, hours or days.* \(is "10s"\)$/],
    [{ follow: "no" }, /^config\.berth\.state\.follow: must be true or false \(is a string\)$/],
    [{ size: 5 }, /^config\.berth\.state: "size" is not one of max_mb, keep, every, follow$/],
  ] as const
) {
  Deno.test(`readBotSettings() refuses the state ${JSON.stringify(state)}`, () => {
    const { problems } = read({ state });
    assert.equal(problems.length, 1);
    assert.match(problems[0]!, problem);
  });
}

Deno.test("readScheduleSettings() refuses Allow with a state, which two runs would write to", () => {
  const problems: string[] = [];
  readScheduleSettings({ concurrency_policy: "Allow", state: true }, problems);
  assert.equal(problems.length, 1);
  readScheduleSettings({ concurrency_policy: "Allow", state: false }, problems);
  readScheduleSettings({ concurrency_policy: "Replace", state: true }, problems);
  assert.equal(problems.length, 1);
});
