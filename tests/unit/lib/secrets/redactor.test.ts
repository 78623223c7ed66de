import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { redactJson } from "../../../../lib/secrets/redact_json.ts";
import { ValueRedactor } from "../../../../lib/secrets/redactor.ts";

const SECRET = 'k3y/+"ü~ of mine?';

function redacted(line: string, values: readonly string[] = [SECRET]): string {
  return Buffer.from(new ValueRedactor(values).redactLine(Buffer.from(line))).toString();
}

Deno.test("ValueRedactor hides a secret as it is, as JSON, for URLs and in base64 at any position", () => {
  const forms: Record<string, string> = {
    plain: SECRET,
    json: JSON.stringify({ key: SECRET }),
    "json of Python": '{"key": "k3y/+\\"\\u00fc~ of mine?"}',
    query: `https://example.com/?a=1&key=${encodeURIComponent(SECRET)}&b=2`,
    form: new URLSearchParams({ key: SECRET, z: "1" }).toString(),
    lower: encodeURIComponent(SECRET).replace(/%../g, (code) => code.toLowerCase()),
    base64: Buffer.from(SECRET).toString("base64"),
    base64url: Buffer.from(SECRET).toString("base64url"),
  };
  for (const before of ["", "u", "us", "user:", "someone:"]) {
    forms[`basic ${before}`] = `Basic ${Buffer.from(`${before}${SECRET}`).toString("base64")}`;
    forms[`middle ${before}`] = Buffer.from(`${before}${SECRET}@host`).toString("base64url");
  }
  for (const [name, line] of Object.entries(forms)) {
    const shown = redacted(line);
    assert.match(shown, /\*\*\*/, name);
    for (const part of ["k3y", "mine", "of%20", "of+mine"]) {
      assert.ok(!shown.includes(part), `${name} still shows '${part}': ${shown}`);
    }
    // The base64 left next to the mask is the part that it shares with its neighbours.
    const left = /([\w+/-]{0,99})\*\*\*([\w+/=-]{0,99})/.exec(shown.replace("Basic ", ""))!;
    if (name === "base64" || name === "base64url") {
      assert.equal(left[1]! + left[2]!.replaceAll("=", ""), "", name);
    }
  }
});

Deno.test("ValueRedactor leaves everything else as it is", () => {
  const line = Buffer.from("nothing to see here: k3y k3y/ mine? ***");
  assert.equal(new ValueRedactor([SECRET]).redactLine(line), line);
  assert.equal(redacted("the short one: abc", ["abc"]), "the short one: abc");
  assert.ok(new ValueRedactor(["short"]).isEmpty);
});

Deno.test("ValueRedactor makes one mask of values that overlap, and masks each of several", () => {
  assert.equal(redacted("x abcdefgh12345678 y", ["abcdefgh1234", "efgh12345678"]), "x *** y");
  assert.equal(redacted("abcdefgh1,abcdefgh1;", ["abcdefgh1"]), "***,***;");
  assert.equal(redacted("longest abcdefgh12 wins", ["abcdefgh", "abcdefgh12"]), "longest *** wins");
  assert.equal(redacted("", [SECRET]), "");
});

Deno.test("ValueRedactor hides a value that is cut between two lines", () => {
  const value = "0123456789abcdef0123456789ABCDEF";
  for (let cut = 1; cut < value.length; cut++) {
    const first = redacted(`before ${value.slice(0, cut)}`, [value]);
    const second = redacted(`${value.slice(cut)} after`, [value]);
    const shown = Math.max(
      ...[first, second].map((line) => [...line.matchAll(/[0-9a-fA-F]+/g)].map(([run]) => run.length)).flat(),
    );
    assert.ok(shown < 10, `cut at ${cut}: ${first} | ${second}`);
    assert.ok(first.startsWith("before ") && second.endsWith(" after"));
  }
  assert.equal(
    redacted(value.slice(4, 30), [value]),
    value.slice(4, 30),
    "a part of the middle is no end of a line",
  );
});

Deno.test("ValueRedactor hides each line of a key, but not the frame that all keys have", () => {
  const key =
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END PRIVATE KEY-----";
  assert.equal(redacted("MIIEvQIBADANBgkqhkiG9w0B", [key]), "***");
  assert.equal(redacted("  AQEFAASCBKcwggSjAgEAAoIB", [key]), "  ***");
  assert.equal(redacted("-----BEGIN PRIVATE KEY-----", [key]).slice(0, 10), "-----BEGIN");
  assert.equal(redacted(JSON.stringify({ key }), [key]), '{"key":"***"}');
});

Deno.test("redactJson() keeps a document valid, also if the secret was a number", () => {
  const shown = (value: unknown, secret: string) =>
    JSON.parse(
      new TextDecoder().decode(
        redactJson(Buffer.from(JSON.stringify(value)), new ValueRedactor([secret])),
      ),
    );
  assert.deepEqual(shown({ pin: 1234567890, same: "1234567890", n: 1 }, "1234567890"), {
    pin: "***",
    same: "***",
    n: 1,
  });
  assert.deepEqual(shown({ a: ["x secret-value y"], b: 0.1 }, "secret-value"), { a: ["x *** y"], b: 0.1 });
  const untouched = Buffer.from('{"a": 12345678901234567890}');
  assert.equal(redactJson(untouched, new ValueRedactor(["secret-value"])), untouched);
});
