import assert from "node:assert/strict";
import {
  parseBotDocument,
  updatedAtOf,
  type ValidBotDocument,
} from "../../../../services/documents/bot_document.ts";
import { MAX_CONFIG_BYTES } from "../../../../services/documents/config_json.ts";
import { unreadableDocument } from "../../../../services/documents/unreadable_document.ts";

type Fields = Record<string, unknown>;

function documentWith(
  changes: { top?: Fields; config?: Fields; custom?: Fields; code?: Fields } = {},
): Fields {
  return {
    id: "bot-1",
    segment_id: 3,
    config: { symbol: "BTC-USD", ...changes.config },
    custom: {
      version: "1.2.3",
      filePath: "user/bot/1.2.3",
      createdAt: "2026-01-02T03:04:05Z",
      updatedAt: new Date("2026-02-03T04:05:06.789Z"),
      config: {
        name: "bot",
        runtime: "nodejs20",
        entrypoints: { bot: "main.js", backtest: "backtest.js" },
        ...changes.code,
      },
      ...changes.custom,
    },
    ...changes.top,
  };
}

function valid(document: unknown): ValidBotDocument {
  const parsed = parseBotDocument(document);
  assert.equal(parsed.status, "valid", parsed.status === "invalid" ? parsed.reason : "");
  return parsed as ValidBotDocument;
}

function reasonOf(document: unknown): string {
  const parsed = parseBotDocument(document);
  assert.equal(parsed.status, "invalid");
  const { reason } = parsed as { reason: string };
  assert.doesNotMatch(reason, /\n/);
  return reason;
}

Deno.test("parseBotDocument() reads what to run", () => {
  assert.deepEqual(parseBotDocument(documentWith({ top: { name: "another program's" } })), {
    status: "valid",
    id: "bot-1",
    enabled: true,
    executable: {
      id: "bot-1",
      runtime: "nodejs20",
      entrypoint: "bot",
      entrypointFiles: { bot: "main.js" },
      config: '{"symbol":"BTC-USD"}',
      filePath: "user/bot/1.2.3",
      version: "1.2.3",
      isLongRunning: true,
      persistResults: false,
      segment: 3,
    },
    segment: 3,
    settings: {},
    updatedAt: Date.UTC(2026, 1, 3, 4, 5, 6, 789),
    notes: [],
  });
});

Deno.test("parseBotDocument() fills in what may be missing", () => {
  for (const nothing of [undefined, null]) {
    const { executable, segment, updatedAt } = valid(documentWith({
      top: { segment_id: nothing },
      custom: { version: nothing, createdAt: nothing, updatedAt: nothing },
      code: { runtime: nothing },
      config: { berth: { stop_grace_seconds: nothing } },
    }));
    assert.deepEqual([executable.runtime, executable.version, segment, updatedAt], [
      "python3.11",
      "",
      0,
      undefined,
    ]);
  }
  assert.equal(valid(documentWith({ code: { runtime: "" } })).executable.runtime, "python3.11");
  assert.equal(valid(documentWith({ custom: { version: 2 } })).executable.version, "2");
});

Deno.test("parseBotDocument() disables by the agreed values only", () => {
  for (const enabled of [false, "false", "0", 0]) {
    assert.equal(valid(documentWith({ config: { enabled } })).enabled, false, String(enabled));
  }
  for (const enabled of [true, "true", "no", "False", "", 1, null, undefined, [], {}]) {
    assert.equal(valid(documentWith({ config: { enabled } })).enabled, true, String(enabled));
  }
  assert.equal(valid(documentWith({ top: { enabled: false } })).enabled, false);
  for (const enabled of ["false", 0, "0", null, undefined]) {
    assert.equal(valid(documentWith({ top: { enabled } })).enabled, true, String(enabled));
  }
});

Deno.test("parseBotDocument() hears that a bot is disabled and which segment it is of, whatever else is wrong", () => {
  const top = { custom: "broken", enabled: false };
  assert.deepEqual(parseBotDocument(documentWith({ top })), {
    status: "invalid",
    key: "bot-1",
    enabled: false,
    segment: 3,
    reason: "custom: must be an object that describes the bot's code (is a string)",
  });
  const other = parseBotDocument(documentWith({ top: { id: "a/b" }, config: { enabled: "0" } }));
  assert.deepEqual([other.status, other.enabled], ["invalid", false]);
  assert.equal(parseBotDocument(documentWith({ top: { custom: 1, segment_id: "x" } })).segment, undefined);
});

const POISON: readonly (readonly [string, unknown, RegExp])[] = [
  ["null", null, /^document: .*\(is null\)$/],
  ["a text", "document", /^document: .*\(is a string\)$/],
  ["an array", [], /^document: .*\(is an array\)$/],
  ["nothing", {}, /^id: .*\(is missing\); config: .*\(is missing\); custom: .*\(is missing\)$/],
  ["no custom", documentWith({ top: { custom: undefined } }), /^custom: .*\(is missing\)$/],
  ["config a text", documentWith({ top: { config: '{"api_key":"s3cret"}' } }), /^config: .*\(is a string\)$/],
  ["config an array", documentWith({ top: { config: [1] } }), /^config: .*\(is an array\)$/],
  ["config binary", documentWith({ top: { config: new Uint8Array(3) } }), /^config: is binary data/],
  ["no code", documentWith({ custom: { config: undefined } }), /^custom\.config: .*\(is missing\)$/],
  [
    "no entrypoints",
    documentWith({ code: { entrypoints: undefined } }),
    /^custom\.config\.entrypoints: .*\(is missing\)$/,
  ],
  [
    "no bot",
    documentWith({ code: { entrypoints: { backtest: "b.py" } } }),
    /^custom\.config\.entrypoints\.bot: .*missing/,
  ],
  [
    "script outside",
    documentWith({ code: { entrypoints: { bot: "../x" } } }),
    /^custom\.config\.entrypoints\.bot: must be a relative/,
  ],
  [
    "runtime unknown",
    documentWith({ code: { runtime: "ruby" } }),
    /^custom\.config\.runtime: must be one of .*\(is "ruby"\)$/,
  ],
  [
    "runtime a number",
    documentWith({ code: { runtime: 3.11 } }),
    /^custom\.config\.runtime: .*\(is a number\)$/,
  ],
  ["no file path", documentWith({ custom: { filePath: undefined } }), /^custom\.filePath: .*\(is missing\)$/],
  ["empty file path", documentWith({ custom: { filePath: "" } }), /^custom\.filePath: must name/],
  ["version an object", documentWith({ custom: { version: {} } }), /^custom\.version: .*\(is an object\)$/],
  ["id a number", documentWith({ top: { id: 42 } }), /^id: .*\(is a number\)$/],
  ["id with a slash", documentWith({ top: { id: "a/b" } }), /^id: must begin .*\(is "a\/b"\)$/],
  ["segment a text", documentWith({ top: { segment_id: "3" } }), /^segment_id: .*\(is a string\)$/],
  ["segment below 0", documentWith({ top: { segment_id: -1 } }), /^segment_id: .*\(is -1\)$/],
  ["NaN", documentWith({ config: { risk: [{ max: NaN }] } }), /^config\.risk\[0\]\.max: is NaN,/],
  ["infinity", documentWith({ config: { max: -Infinity } }), /^config\.max: is -Infinity,/],
  ["no date", documentWith({ config: { from: new Date(NaN) } }), /^config\.from: is a date that/],
  ["binary", documentWith({ config: { key: new Uint8Array(3) } }), /^config\.key: is binary data,/],
  ["a class", documentWith({ config: { key: new Map() } }), /^config\.key: is a Map,/],
  ["a function", documentWith({ config: { toJSON: () => "s3cret" } }), /^config\.toJSON: is a function,/],
  ["key for a log", documentWith({ config: { "a\nb": NaN } }), /^config\."a\\nb": is NaN,/],
  [
    "grace",
    documentWith({ config: { berth: { stop_grace_seconds: 3601 } } }),
    /^config\.berth\.stop_grace_seconds: .*0 to 3600 /,
  ],
];

for (const [name, document, reason] of POISON) {
  Deno.test(`parseBotDocument() reports a poison document: ${name}`, () => {
    assert.match(reasonOf(document), reason);
  });
}

Deno.test("parseBotDocument() names a document without an id as it is told", () => {
  assert.equal(parseBotDocument({ id: 42 }, { key: "(document 66f)" }).status, "invalid");
  assert.equal(
    (parseBotDocument({ id: 42 }, { key: "(document 66f)" }) as { key: string }).key,
    "(document 66f)",
  );
  assert.equal((parseBotDocument({ id: "" }) as { key: string }).key, "(document without id)");
});

Deno.test("parseBotDocument() reports a document that could not be read, under its id", () => {
  assert.deepEqual(parseBotDocument(unreadableDocument("bot-1", "is not JSON")), {
    status: "invalid",
    key: "bot-1",
    enabled: true,
    reason: "document: is not JSON",
  });
});

Deno.test("parseBotDocument() never throws", () => {
  const trap = new Proxy({}, {
    getOwnPropertyDescriptor() {
      throw new RangeError("s3cret");
    },
  });
  assert.equal(reasonOf(trap), "document: cannot be read (RangeError)");
});

Deno.test("parseBotDocument() takes no fields from a prototype", () => {
  const { custom, ...rest } = documentWith();
  assert.match(reasonOf({ ...rest, ["__proto__"]: { custom } }), /^custom: .*\(is missing\)$/);
  assert.match(reasonOf(Object.create(documentWith())), /^id: .*\(is missing\)/);
});

Deno.test("parseBotDocument() passes a configuration on without loss", () => {
  const config = JSON.parse(
    '{"__proto__":{"polluted":1},"text":"quote\\" $x `y` \\n é \\ud800","list":[1,null,true]}',
  );
  const text = valid(documentWith({ top: { config } })).executable.config;
  assert.equal(text, JSON.stringify(config));
  assert.match(text, /"__proto__":\{"polluted":1\}/);
  const values = { at: new Date(0), big: 9007199254740993n, gone: undefined, zero: -0 };
  assert.equal(
    valid(documentWith({ top: { config: values } })).executable.config,
    '{"at":"1970-01-01T00:00:00.000Z","big":9007199254740993,"zero":0}',
  );
});

Deno.test("parseBotDocument() takes a configuration of 512 KiB and refuses one byte more", () => {
  const frame = '{"data":""}'.length;
  const data = "x".repeat(MAX_CONFIG_BYTES - frame);
  assert.equal(valid(documentWith({ top: { config: { data } } })).executable.config.length, MAX_CONFIG_BYTES);
  const tooLarge = /^config: is larger than 512 KiB as JSON/;
  assert.match(reasonOf(documentWith({ top: { config: { data: data + "x" } } })), tooLarge);
  // Bytes count, not characters.
  assert.match(
    reasonOf(documentWith({ top: { config: { data: "é".repeat(MAX_CONFIG_BYTES / 2) } } })),
    tooLarge,
  );
  assert.match(reasonOf(documentWith({ config: { data: "x".repeat(1_000_000) } })), tooLarge);
});

Deno.test("parseBotDocument() refuses a configuration that has no end", () => {
  const circle: Fields = {};
  circle.again = { circle };
  assert.equal(reasonOf(documentWith({ top: { config: circle } })), "config.again.circle: contains itself");
  let deep: Fields = {};
  for (let i = 0; i < 100_000; i++) deep = { deep };
  assert.match(
    reasonOf(documentWith({ top: { config: deep } })),
    /^config: is nested more than 200 levels deep$/,
  );
  // Every level holds the one below twice: 2^60 values.
  let wide: Fields = {};
  for (let i = 0; i < 60; i++) wide = { a: wide, b: wide };
  assert.match(reasonOf(documentWith({ top: { config: wide } })), /^config: is larger than/);
});

Deno.test("parseBotDocument() shows nothing of a configuration", () => {
  const secret = "s3cret-" + "x".repeat(20);
  for (
    const config of [
      secret,
      [secret],
      { key: secret, bad: NaN },
      { berth: { stop_grace_seconds: secret } },
      { key: secret.repeat(50_000) },
    ]
  ) assert.doesNotMatch(reasonOf(documentWith({ top: { config } })), /s3cret/);
});

Deno.test("parseBotDocument() reads how long a stop may take", () => {
  for (const seconds of [0, 5, 3600]) {
    const { settings } = valid(documentWith({ config: { berth: { stop_grace_seconds: seconds } } }));
    assert.deepEqual(settings, { stopGraceSeconds: seconds });
  }
  for (const seconds of [-1, 1.5, 3601, "5", true, {}]) {
    assert.match(
      reasonOf(documentWith({ config: { berth: { stop_grace_seconds: seconds } } })),
      /^config\.berth\.stop_grace_seconds: /,
    );
  }
});

Deno.test("parseBotDocument() reads dates in every form they appear in", () => {
  const time = Date.UTC(2026, 0, 2, 3, 4, 5);
  for (
    const [updatedAt, ms] of [
      ["2026-01-02T03:04:05Z", time],
      ["2026-01-02T03:04:05.000000", time],
      ["2026-01-02 04:04:05+0100", time],
      ["2026-01-02", Date.UTC(2026, 0, 2)],
      [new Date(time), time],
      [time, time],
      [time / 1000, time],
    ] as const
  ) assert.equal(valid(documentWith({ custom: { updatedAt } })).updatedAt, ms, String(updatedAt));
});

Deno.test("parseBotDocument() notes odd dates and runs the bot all the same", () => {
  const { notes, updatedAt } = valid(
    documentWith({ custom: { createdAt: 1767323045, updatedAt: "yesterday 1" } }),
  );
  assert.deepEqual(notes, [
    "custom.createdAt: is a number and is read as 2026-01-02T03:04:05.000Z",
    "custom.updatedAt: is no date that can be read and is ignored",
  ]);
  assert.equal(updatedAt, undefined);
  for (const odd of [NaN, 1e300, {}, true, new Date(NaN)]) {
    assert.equal(valid(documentWith({ custom: { updatedAt: odd } })).notes.length, 1, String(odd));
  }
});

Deno.test("updatedAtOf() reads the time of any document", () => {
  assert.equal(updatedAtOf({ custom: { updatedAt: "1970-01-01T00:00:01Z" } }), 1000);
  for (const document of [{}, { custom: null }, { custom: "x" }, { custom: {} }]) {
    assert.equal(updatedAtOf(document), undefined);
  }
});

Deno.test("updatedAtOf() reads every form, in UTC where no zone is named", () => {
  const noon = Date.UTC(2026, 4, 6, 12, 30, 15);
  const forms: [unknown, number | undefined][] = [
    ["2026-05-06T12:30:15Z", noon],
    ["2026-05-06T14:30:15.250+02:00", noon + 250],
    ["2026-05-06T12:30:15.123456", noon + 123],
    ["2026-05-06 12:30:15", noon],
    ["2026-05-06T12:30:15.123456789Z", noon + 123],
    [noon, noon],
    [noon / 1000, noon],
    [noon / 1000 + 0.5, noon + 500],
    ["yesterday", undefined],
    ["", undefined],
    [null, undefined],
    [true, undefined],
    [{}, undefined],
  ];
  for (const [updatedAt, expected] of forms) {
    assert.equal(
      updatedAtOf({ custom: { updatedAt } }),
      expected,
      JSON.stringify(updatedAt),
    );
  }
});
