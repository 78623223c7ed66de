import assert from "node:assert/strict";
import { readGuards } from "../../../../services/documents/guard_settings.ts";

const GUARD = { name: "equity", metric: "equity", field: "value", when: "below", limit: 900 };

function read(guards: unknown): { guards: ReturnType<typeof readGuards>; problems: string[] } {
  const problems: string[] = [];
  return { guards: readGuards({ guards }, problems), problems };
}

Deno.test("readGuards() reads a guard, and fills in what it leaves out", () => {
  assert.deepEqual(read([GUARD]), {
    guards: [{ ...GUARD, forSeconds: 0, action: "alert", latch: false }],
    problems: [],
  });
  const full = {
    ...GUARD,
    action: "stop",
    for_seconds: 1.5,
    on_missing: { after_seconds: 60, action: "alert" },
    latch: true,
  };
  assert.deepEqual(read([full]).guards, [{
    ...GUARD,
    forSeconds: 1.5,
    onMissing: { afterSeconds: 60, action: "alert" },
    action: "stop",
    latch: true,
  }]);
  assert.deepEqual(read(undefined), { guards: undefined, problems: [] });
  assert.equal(
    read([{ ...GUARD, on_missing: { after_seconds: 9, action: "stop" } }]).guards![0]!.latch,
    true,
  );
});

Deno.test("readGuards() counts the lines of a metric where a rate names no field", () => {
  const { field: _field, ...rest } = GUARD;
  const rate = { ...rest, when: "rate_per_minute", limit: 60 };
  assert.deepEqual(read([rate]), {
    guards: [{ ...rate, forSeconds: 0, action: "alert", latch: false }],
    problems: [],
  });
});

for (
  const [guard, problem] of [
    [{ ...GUARD, limit: NaN }, "[0].limit: must be a finite number (is NaN)"],
    [{ ...GUARD, limit: "900" }, "[0].limit: must be a finite number (is a string)"],
    [
      { ...GUARD, when: "drawdown_pct", limit: 0 },
      "[0].limit: must be above 0 and at most 100 percent (is 0)",
    ],
    [
      { ...GUARD, when: "under" },
      "[0].when: must be below, above, drawdown_pct or rate_per_minute (is 'under')",
    ],
    [
      { ...GUARD, name: "a b" },
      "[0].name: must be letters, digits, '_', '.' or '-', and begin with a letter or digit",
    ],
    [{ ...GUARD, metric: "" }, "[0].metric: must have 1 to 200 characters"],
    [{ ...GUARD, field: undefined }, "[0].field: must be a string (is missing)"],
    [{ ...GUARD, for_seconds: -1 }, "[0].for_seconds: must be a number of seconds from 0 to 86400 (is -1)"],
    [
      { ...GUARD, action: "stop", latch: false },
      "[0].latch: must be true with the action 'stop': the bot would be started again at once",
    ],
    [{ ...GUARD, on_missing: 5 }, "[0].on_missing: must be an object (is a number)"],
    [
      { ...GUARD, on_missing: { after_seconds: 5 } },
      "[0].on_missing.action: must be alert or stop (is missing)",
    ],
    [
      { ...GUARD, on_missing: { action: "stop" } },
      /^.*on_missing.after_seconds: must be a number of seconds from 1/,
    ],
    [{ ...GUARD, limits: 5 }, /^config.berth.guards\[0\].limits: is not known; known are name, metric/],
    [7, "[0]: must be an object (is a number)"],
  ] as const
) {
  Deno.test(`readGuards() says what is wrong with ${JSON.stringify(guard)}`, () => {
    const { problems } = read([guard]);
    if (problem instanceof RegExp) assert.match(problems[0]!, problem);
    else assert.deepEqual(problems, [`config.berth.guards${problem}`]);
  });
}

Deno.test("readGuards() wants names of their own, a list, and at most 20", () => {
  assert.deepEqual(read([GUARD, GUARD]).problems, [
    "config.berth.guards[1].name: 'equity' is taken; give each guard a name of its own",
  ]);
  assert.deepEqual(read({}).problems, ["config.berth.guards: must be a list (is an object)"]);
  const many = Array.from({ length: 10_000 }, (_, at) => ({ ...GUARD, name: `g${at}` }));
  assert.deepEqual(read(many).problems, ["config.berth.guards: must have at most 20 guards"]);
});
