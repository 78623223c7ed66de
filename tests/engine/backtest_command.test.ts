import assert from "node:assert/strict";
import { CliProcess, cliVariables, writeBot } from "../support/fixtures/cli_support.ts";
import { CliFixture } from "../support/fixtures/cli_fixture.ts";

const YAML = "name: exact\nversion: 1.0.0\nentrypoints:\n  bot: main.py\n  backtest: main.py\n";

/** Runs a backtest of a bot with this `main`. */
async function backtest(temp: string, main: string, args: string[] = [], files: Record<string, string> = {}) {
  const folder = await writeBot(`${temp}/bot`, { "bot-config.yaml": YAML, "main.py": main, ...files });
  return await CliProcess.run(
    ["backtest", folder, ...args],
    cliVariables(temp, { BOT_MEMORY_LIMIT_MB: "64" }),
  );
}

Deno.test("berth backtest --json prints the result as the bot wrote it: every digit, and keys in its order", async () => {
  await using fixture = await CliFixture.open();
  const { temp } = fixture;
  const main = `
def main(id, config):
    return {"order_id": 8389766036995847941, "metrics": {"equity": 1234567.89, "last": 8389766036995847941},
            "levels": {"60": 1.0, "30": 2, "0": 3}}
`;
  const { code, stdout } = await backtest(temp, main, ["--json"]);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^\{"id":"exact","version":"1\.0\.0","status":"success","exitCode":0,"durationMs":\d+,/,
  );
  const result =
    '{"order_id":8389766036995847941,"metrics":{"equity":1234567.89,"last":8389766036995847941},' +
    '"levels":{"60":1.0,"30":2,"0":3}}';
  assert.ok(stdout.endsWith(`,"result":${result}}\n`), stdout);
  const table = await backtest(temp, main);
  assert.match(table.stdout, /^ {2}equity +1234567\.89\n {2}last +8389766036995847941$/m);
});

Deno.test("berth backtest says why there is no result, and that memory ran out", async () => {
  await using fixture = await CliFixture.open();
  const { temp } = fixture;
  const nan =
    'import json\ndef main(id, config):\n    json.dump({"a": float("nan")}, open("result.json", "w"))\n';
  const reason = "Its result.json is not JSON: a value is none of JSON's (line 1, column 7).";
  const { code, stdout } = await backtest(temp, nan);
  assert.deepEqual([code, stdout.split("\n").at(-2)], [0, `There is no result: ${reason}`]);
  const json = JSON.parse((await backtest(temp, nan, ["--json"])).stdout);
  assert.deepEqual([json.result, json.resultProblem, json.resultMessage], [null, "invalid-json", reason]);
  const hungry = await backtest(
    temp,
    "def main(id, config): x = [bytearray(10_000_000) for _ in range(100)]\n",
  );
  assert.equal(hungry.code, 137);
  assert.match(hungry.output, /out of memory: had 64 MB/);
});

Deno.test("berth backtest hands over config.json byte for byte, and never quotes it", async () => {
  await using fixture = await CliFixture.open();
  const { temp } = fixture;
  const main =
    'import os\ndef main(id, config): return open(os.environ["CONFIG_FILE"], "rb").read().decode()\n';
  const config = '{"b": {"60": 1.0, "0": 1e-400},\r\n "a": "\\u00fc"}\n';
  const { stdout } = await backtest(temp, main, ["--json"], { "config.json": config });
  assert.equal(JSON.parse(stdout).result, config);
  const refused = await backtest(temp, main, [], { "config.json": '{"api_secret": s3cr3t-value}' });
  assert.equal(refused.code, 1);
  assert.match(
    refused.output,
    /config\.json': it is not JSON: a value is none of JSON's \(line 1, column 16\)\.$/m,
  );
  assert.doesNotMatch(refused.output, /s3cr3t/);
});
