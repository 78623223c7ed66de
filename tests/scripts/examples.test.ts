import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  NODE,
  PYTHON,
  repositoryFile,
  WrappedBot,
  type WrappedBotOptions,
  type WrapperLanguage,
} from "../support/processes/wrapper_process.ts";

/** Starts a bot folder of `examples/` under its wrapper. */
async function start(
  language: WrapperLanguage,
  example: string,
  options: Omit<WrappedBotOptions, "files" | "config"> = {},
): Promise<WrappedBot> {
  const root = repositoryFile(`examples/${example}`);
  const files: Record<string, string> = {};
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files[path.slice(root.length + 1)] = await readFile(path, "utf8");
  }
  return await WrappedBot.start(language, { ...options, files, config: files["config.json"] });
}

// deno-lint-ignore no-explicit-any
function metrics(output: string): any[] {
  return output.split("\n").filter((line) => line.startsWith('{"_metric":')).map((line) => JSON.parse(line));
}

Deno.test("examples/sma-crossover reports prices and ends with its final position", async () => {
  await using bot = await start(PYTHON, "sma-crossover");
  await bot.waitFor('"_metric": "price"');
  bot.kill();
  const end = await bot.end();
  assert.match(end.stdout, /asked to stop, no new trades\nbot-1: final position: .*\n$/);
  assert.deepEqual(Object.keys(metrics(end.stdout)[0]), ["_metric", "symbol", "value"]);
  assert.deepEqual([end.code, end.result.status, end.stderr], [143, "terminated", ""]);
});

Deno.test("examples/sma-crossover has a backtest with metrics and plots", async () => {
  await using bot = await start(PYTHON, "sma-crossover", {
    script: "backtest.py",
    entrypointType: "backtest",
  });
  const { code, result, stderr } = await bot.end();
  assert.deepEqual([code, result.status, stderr], [0, "success", ""]);
  assert.deepEqual(Object.keys(result.metrics), [
    "total_return",
    "max_drawdown",
    "sharpe",
    "trades",
    "win_rate",
  ]);
  const equity = result.plots[0].y;
  assert.equal(result.metrics.total_return, Number((equity.at(-1) / 10_000 - 1).toFixed(4)));
  assert.ok(result.metrics.trades > 0);
  for (const plot of result.plots) {
    assert.equal(plot.type, "line");
    assert.deepEqual([plot.x.length, plot.y.length], [250, 250]);
  }
});

Deno.test("examples/price-alerts reports prices and stops through its signal", async () => {
  await using bot = await start(NODE, "price-alerts");
  await bot.waitFor('"_metric":"price"');
  bot.kill();
  const end = await bot.end();
  assert.match(end.stdout, /bot-1: asked to stop\nbot-1: stopped after 0 alerts\n$/);
  assert.deepEqual(Object.keys(metrics(end.stdout)[0]), ["_metric", "symbol", "value"]);
  assert.deepEqual([end.code, end.result.status, end.stderr], [143, "terminated", ""]);
});

Deno.test("examples/daily-report ends by itself with the report of one day", async () => {
  await using bot = await start(PYTHON, "daily-report");
  const { code, stdout, stderr, result } = await bot.end();
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(
    stdout,
    /^DEMO\/USD on 2024-\d\d-\d\d: \d+\.\d\d \([+-]\d+\.\d\d %\), between [\d.]+ and [\d.]+\n$/,
  );
  assert.deepEqual(Object.keys(result), ["date", "close", "change_percent", "high", "low", "average"]);
  assert.ok(result.low <= result.close && result.close <= result.high);
});
