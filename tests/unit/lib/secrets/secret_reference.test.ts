import assert from "node:assert/strict";
import { parseSecretReference } from "../../../../lib/secrets/secret_reference.ts";
import { secretIssues } from "../../../../lib/secrets/secret_issues.ts";

Deno.test("parseSecretReference() reads the references of all providers", () => {
  const read = (text: string) => {
    const parsed = parseSecretReference(text);
    if ("problem" in parsed) throw new Error(parsed.problem);
    const { provider, path, field } = parsed.reference;
    return [provider, path, ...(field === undefined ? [] : [field])];
  };
  assert.deepEqual(read("file:binance/key"), ["file", "binance/key"]);
  assert.deepEqual(read("env:BINANCE_KEY"), ["env", "BINANCE_KEY"]);
  assert.deepEqual(read("age:binance.key"), ["age", "binance.key"]);
  assert.deepEqual(read("vault:kv/data/binance#key"), ["vault", "kv/data/binance", "key"]);
});

Deno.test("parseSecretReference() refuses what leads elsewhere, and shows nothing of it", () => {
  const wrong = [
    "",
    "sk_live_4242424242424242",
    "FILE:x",
    "file:",
    "file:/etc/shadow",
    "file:../../etc/shadow",
    "file:a//b",
    "file:a/./b",
    "file:a\0b",
    "file:a\nb",
    "env:A-B",
    "env:",
    "age:../x",
    "age:",
    "vault:kv/data/x",
    "vault:#key",
    "vault:kv/../sys/raw#key",
    "vault:kv/data/x?list=true#key",
    "vault:kv/data/x#a#b",
    `file:${"x".repeat(600)}`,
  ];
  for (const text of wrong) {
    const parsed = parseSecretReference(text);
    assert.ok("problem" in parsed, `accepted ${JSON.stringify(text)}`);
    assert.ok(text.length < 12 || !parsed.problem.includes(text), parsed.problem);
  }
});

Deno.test("secretIssues() refuses names that mean something else, and too many", () => {
  const problem = (name: string) => secretIssues({ [name]: "env:X" })[0]?.message;
  assert.equal(problem("API_KEY"), undefined);
  assert.match(problem("CONFIG")!, /CONFIG has a meaning of its own/);
  assert.match(problem("PATH")!, /PATH has a meaning/);
  for (const name of ["", "a/b", "..", "1A", "a b", "A".repeat(65), "__proto__/"]) {
    assert.match(problem(name)!, /1 to 64 letters/, name);
  }
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`S${index}`, "env:X"]));
  assert.match(secretIssues(many)[0]!.message, /at most 64/);
  assert.match(secretIssues({ API_KEY: 7 })[0]!.message, /must be a reference/);
});
