import assert from "node:assert/strict";
import { readSecret, type SecretInput } from "../../../cli/read_secret.ts";
import { ServiceFixture } from "../../support/fixtures/service_fixture.ts";

const VALUE = "correct-horse-battery";

function type(value: string | undefined) {
  return { readSecret: () => Promise.resolve(value) };
}

Deno.test("berth secret sets, lists and removes, and no answer, audit or error shows a value", async () => {
  await using service = await ServiceFixture.open();
  const none = await service.berth("secret", "list");
  assert.match(
    none.output,
    /There are no secrets in the encrypted file\. Add one with 'berth secret set NAME'/,
  );
  const set = await service.berthIn(type(`${VALUE}\n`), "secret", "set", "binance.key");
  assert.equal(set.code, 0);
  assert.match(set.output, /'binance.key' is stored; a bot gets it with the reference age:binance.key/);
  const again = await service.berthIn(type(VALUE), "secret", "set", "binance.key", "--json");
  assert.deepEqual(JSON.parse(again.stdout), { name: "binance.key", isNew: false });
  assert.equal((await service.berth("secret", "list")).stdout, "binance.key");
  const wrong = await service.berthIn(type("a\0b"), "secret", "set", "binary");
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.output, /the value is not text/);
  const long = await service.berthIn(type(`${VALUE}${"x".repeat(70_000)}`), "secret", "set", "long");
  assert.notEqual(long.code, 0);
  const name = await service.berthIn(type(VALUE), "secret", "set", "../x");
  assert.match(name.output, /1 to 128 letters, digits/);
  const givenUp = await service.berthIn(type(undefined), "secret", "set", "x");
  assert.equal(givenUp.code, 130);
  const empty = await service.berthIn(type("\n"), "secret", "set", "x");
  assert.match(empty.output, /There is no value/);

  const { entries } = await service.client.call("listAudit", { query: {} });
  const written = entries.filter(({ operation }) => operation === "putSecret");
  assert.ok(written.some(({ subject, status }) => subject === "binance.key" && status === 200));
  const outputs = [set, again, wrong, long, name, empty].map(({ output }) => output).join();
  assert.ok(!`${outputs}${JSON.stringify(entries)}`.includes(VALUE));

  const removed = await service.berth("secret", "rm", "binance.key");
  assert.match(removed.output, /is removed\. Bots that use it keep running/);
  const twice = await service.berth("secret", "rm", "binance.key");
  assert.match(twice.output, /There is no secret 'binance.key'/);
  assert.equal(twice.code, 1);
  assert.equal((await service.berth("secret", "show", "x")).code, 2);
  assert.equal((await service.berth("secret", "set")).code, 2);
});

/** A terminal in which a person types. */
function terminal(typed: string): { input: SecretInput; shown: string[]; raw: boolean[] } {
  const raw: boolean[] = [];
  const bytes = new TextEncoder().encode(typed);
  let at = 0;
  const input = {
    isTerminal: () => true,
    setRaw: (isRaw: boolean) => void raw.push(isRaw),
    read(into: Uint8Array) {
      if (at === bytes.length) return Promise.resolve(null);
      into[0] = bytes[at++]!;
      return Promise.resolve(1);
    },
  };
  return { input, shown: [], raw };
}

Deno.test("readSecret() takes a line from a terminal without showing it", async () => {
  const cases: Record<string, string | undefined> = {
    "value\r": "value",
    "value\nmore": "value",
    "wrong\x7f\x7f\x7f\x7f\x7fvalue\r": "value",
    "vaä\x7flue\r": "value",
    "\x7fvalue\r": "value",
    "valu\x03": undefined,
    "value": "value",
  };
  for (const [typed, expected] of Object.entries(cases)) {
    const { input, shown, raw } = terminal(typed);
    const value = await readSecret(input, (text) => void shown.push(text), "Value: ");
    assert.equal(value, expected, JSON.stringify(typed));
    assert.deepEqual([shown, raw], [["Value: ", "\n"], [true, false]]);
  }
});
