import assert from "node:assert/strict";
import { readAccounts, readLeaseMode } from "../../../../services/documents/account_settings.ts";
import { parseBotDocument } from "../../../../services/documents/bot_document.ts";
import { parseScheduleDocument } from "../../../../services/schedules/schedule_document.ts";

function problemsOf(accounts: unknown): string[] {
  const problems: string[] = [];
  readAccounts({ accounts }, problems);
  return problems;
}

Deno.test("readAccounts() keeps names in order, and says which cannot be used", () => {
  assert.deepEqual(readAccounts({ accounts: ["kraken:b", "binance:a"] }, []), ["kraken:b", "binance:a"]);
  for (const none of [undefined, null, []]) assert.equal(readAccounts({ accounts: none }, []), undefined);
  assert.match(
    problemsOf("binance")[0]!,
    /^config\.berth\.accounts: must be a list of names.*\(is a? ?string\)$/,
  );
  assert.match(
    problemsOf(["a b"])[0]!,
    /^config\.berth\.accounts\[0\]: must be 1 to 100 letters.*\(is "a b"\)$/,
  );
  assert.match(problemsOf(["ok", 7])[0]!, /accounts\[1\]: .*number/);
  assert.match(problemsOf(["a", "a"])[0]!, /accounts\[1\]: "a" is named twice/);
  assert.match(problemsOf(Array.from({ length: 21 }, (_, n) => `a${n}`))[0]!, /at most 20/);
});

Deno.test("readLeaseMode() knows strict and relaxed", () => {
  assert.equal(readLeaseMode({ lease: "relaxed" }, []), "relaxed");
  assert.equal(readLeaseMode({}, []), undefined);
  const problems: string[] = [];
  readLeaseMode({ lease: "loose" }, problems);
  assert.deepEqual(problems, ['config.berth.lease: must be "strict" or "relaxed" (is "loose")']);
});

Deno.test("accounts shape the container of bots and runs; lease does not", () => {
  const custom = { filePath: "x", config: { runtime: "python3.11", entrypoints: { bot: "main.py" } } };
  const berth = { accounts: ["binance:main"], lease: "relaxed" };
  const bot = parseBotDocument({ id: "a", config: { berth }, custom });
  const schedule = parseScheduleDocument({ id: "a", config: { berth, schedule: "@daily" }, custom });
  for (const parsed of [bot, schedule]) {
    assert.ok(parsed.status === "valid", JSON.stringify(parsed));
    assert.deepEqual(parsed.executable.accounts, ["binance:main"]);
    assert.equal(parsed.settings.lease, "relaxed");
    assert.deepEqual(parsed.notes, []);
  }
});
