import assert from "node:assert/strict";
import { readBotFolder } from "../../../cli/deploy/bot_folder.ts";
import { parseDuration } from "../../../cli/output/duration.ts";
import { createLogPrinter } from "../../../cli/output/log_printer.ts";
import { progressBar, PullTotals } from "../../../cli/output/pull_progress.ts";
import { compactJson } from "../../../cli/output/compact_json.ts";
import { readResult, showResult, sparkline } from "../../../cli/output/result_view.ts";
import { sessionConfig } from "../../../cli/session_config.ts";
import { printable } from "../../../cli/output/terminal.ts";
import { InvalidBotFolderError } from "../../../lib/errors.ts";
import { FolderFixture } from "../../support/fixtures/folder_fixture.ts";

const plain = { paint: (_style: string, text: string) => text };

Deno.test("parseDuration() reads what people type", () => {
  for (
    const [text, ms] of [
      ["20s", 20_000],
      ["1h30m", 5_400_000],
      ["500ms", 500],
      ["1.5m", 90_000],
      ["2d", 172_800_000],
    ] as const
  ) {
    assert.equal(parseDuration(text), ms);
  }
  for (const text of ["", "20", "s", "-1s", "1w", "1s ", "1 s"]) assert.equal(parseDuration(text), undefined);
});

async function openBotFolder(files: Record<string, string>): Promise<FolderFixture> {
  const folder = await FolderFixture.open();
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder.path}/${name}`, text);
  return folder;
}

Deno.test("readBotFolder() reads the description, and the configuration byte for byte", async () => {
  await using fixture = await openBotFolder({
    "bot-config.yaml": "name: my-bot\nversion: 1.10\nentrypoints:\n  bot: main.py\n",
    "config.json": '{ "a": 1.10 }\n',
  });
  const { path } = fixture;
  assert.deepEqual(await readBotFolder(path), {
    path,
    name: "my-bot",
    version: "1.10",
    runtime: "python3.11",
    settings: {},
    entrypoints: { bot: "main.py" },
    config: '{ "a": 1.10 }\n',
  });
});

const PLAIN = "name: my-bot\nversion: 1.0\nentrypoints:\n  bot: main.py\n";

Deno.test("readBotFolder() reads settings beside the schedule, and the form of other tools", async () => {
  {
    await using fixture = await openBotFolder({
      "bot-config.yaml":
        `${PLAIN}schedule: "0 9 * * *"\ntimezone: Asia/Tokyo\nretries: 2\nstop_grace_seconds: 5\n`,
    });
    const { path } = fixture;
    const { schedule, settings } = await readBotFolder(path);
    assert.equal(schedule, "0 9 * * *");
    assert.deepEqual(settings, { timezone: "Asia/Tokyo", retries: 2, stop_grace_seconds: 5 });
  }
  {
    await using fixture = await openBotFolder({
      "bot-config.yaml": `${PLAIN}labels:\n  desk: 007\n  live: yes\nstop_grace_seconds: 0x10\n`,
    });
    const { path } = fixture;
    const { settings } = await readBotFolder(path);
    assert.deepEqual(settings, { labels: { desk: "007", live: "yes" }, stop_grace_seconds: 16 });
  }
  {
    await using fixture = await openBotFolder({
      "bot-config.yaml":
        `${PLAIN}type: scheduled\nschema:\n  bot: schema.json\nhasFrontend: true\nmetadata:\n  tags: [a]\n`,
      "config.json": '{"schedule": "@hourly"}',
    });
    const { path } = fixture;
    const { schedule, type } = await readBotFolder(path);
    assert.deepEqual([schedule, type], ["@hourly", "scheduled"]);
  }
});

for (
  const [what, files, message] of [
    ["a folder without a description", {}, /needs a bot-config.yaml/],
    ["a description that is not YAML", { "bot-config.yaml": "a: [" }, /is not YAML/],
    ["a description that is empty", { "bot-config.yaml": "" }, /Cannot use/],
    [
      "missing fields, all at once",
      { "bot-config.yaml": "runtime: nodejs20" },
      /name:[^]*version:[^]*entrypoints:/,
    ],
    [
      "a key that is misspelled",
      { "bot-config.yaml": `${PLAIN}shedule: "* * * * *"\n` },
      /file: "shedule" is not known; did you mean 'schedule'\?/,
    ],
    [
      "keys that nothing is like",
      { "bot-config.yaml": `${PLAIN}colour: red\n`.replace("bot:", "main:") },
      /entrypoints: "main" is not known; known are bot, backtest, query[^]*file: "colour" is not known; known are name, /,
    ],
    [
      "settings of a schedule where there is none",
      { "bot-config.yaml": `${PLAIN}timezone: Europe\/Berlin\n` },
      /timezone: has no effect without a schedule/,
    ],
    [
      "a number that is none",
      { "bot-config.yaml": `${PLAIN}schedule: "@daily"\nretries: many\n` },
      /retries: must be a whole number/,
    ],
    [
      "settings that a document could not have either",
      { "bot-config.yaml": `${PLAIN}stop_grace_seconds: "5"\nlabels: [a]\n` },
      /- stop_grace_seconds: must be a whole number from 0 to 3600 \(is a string\)\n {2}- labels: must be an object \(is an array\)$/,
    ],
    [
      "a type that is contradicted",
      { "bot-config.yaml": `${PLAIN}type: realtime\nschedule: "@daily"\n` },
      /schedule: a bot of type realtime has none/,
    ],
    [
      "a scheduled bot without a schedule",
      { "bot-config.yaml": `${PLAIN}type: scheduled\n`, "config.json": '{"schedule": 5}' },
      /schedule: is missing, and the type is scheduled/,
    ],
  ] as const
) {
  Deno.test(`readBotFolder() rejects ${what}`, async () => {
    await using fixture = await openBotFolder(files);
    const { path } = fixture;
    await assert.rejects(
      readBotFolder(path),
      (error) =>
        error instanceof InvalidBotFolderError && message.test(error.message) &&
        error.message.includes(path),
    );
  });
}

Deno.test("createLogPrinter() lines up the names and marks standard error", () => {
  const lines: string[] = [];
  const print = createLogPrinter({ ...plain, out: (line) => lines.push(line) }, ["a", "longer"]);
  print("a", { time: "", stream: "stdout", text: "one" });
  print("longer", { time: "", stream: "stderr", text: "two" });
  assert.deepEqual(lines, ["a      | one", "longer ! two"]);
});

Deno.test("printable() takes away what could rewrite the screen", () => {
  assert.equal(printable("a\x1b[2Jb\x1b[31mc\x1b[0m\rd\x07\x9b1A\té"), "abcd\té");
});

Deno.test("PullTotals adds up the layers of a pull", () => {
  const totals = new PullTotals();
  totals.add({ status: "Pulling from library/x" });
  totals.add({ layer: "a", status: "Downloading", currentBytes: 10, totalBytes: 100 });
  totals.add({ layer: "b", status: "Downloading", currentBytes: 50, totalBytes: 50 });
  assert.deepEqual([totals.done, totals.total], [60, 150]);
  totals.add({ layer: "a", status: "Extracting", currentBytes: 1, totalBytes: 100 });
  assert.deepEqual([totals.done, totals.total], [150, 150]);
  assert.equal(progressBar(12_000_000, 48_000_000), "[######------------------]  25 %  12.0/48.0 MB");
});

Deno.test("showResult() shows metrics, plots, and anything else as JSON", () => {
  const result = {
    metrics: { trades: 7, total_return: 0.12345 },
    plots: [{ name: "equity", y: [null, 1, 2, 3] }],
  };
  const read = (text: string) => readResult(new TextEncoder().encode(text));
  assert.deepEqual(showResult(read(JSON.stringify(result)), plain), [
    "Metrics",
    "  trades        7",
    "  total_return  0.12345",
    "Plots",
    "  equity   ▁▅█  1 to 3",
  ]);
  assert.deepEqual(showResult(read('{ "status":\n"a b" }'), plain), ['{"status":"a b"}']);
  assert.deepEqual(showResult(read("[1.0, 2]"), plain), ["[1.0,2]"]);
  assert.deepEqual(showResult(undefined, plain), ["There is no result."]);
  assert.deepEqual(showResult(undefined, plain, "It is not JSON."), ["There is no result: It is not JSON."]);
});

Deno.test("showResult() keeps every digit of amounts and ids, and the order of keys", () => {
  const numbers = {
    "60": "8389766036995847941",
    "30": "1234567.89",
    "0": "12345678",
    money: "12345678901234.56",
    decimal: "0.123456789012345678901234567890",
    tenth: "0.30000000000000004",
    root: "1.4142135623730951",
    power: "1e+21",
    one: "1.0",
    less: "-0.7999999999999999",
  };
  const text = `{"metrics":{${
    ["60", "30", "0", "money", "decimal", "tenth", "root", "power", "one", "less"]
      .map((name) => `"${name}":${numbers[name as keyof typeof numbers]}`).join(",")
  }}}`;
  const lines = showResult(readResult(new TextEncoder().encode(text)), plain).map((line) =>
    line.trim().split(/ +/)
  );
  assert.deepEqual(lines, [
    ["Metrics"],
    ["60", "8389766036995847941"],
    ["30", "1234567.89"],
    ["0", "12345678"],
    ["money", "12345678901234.56"],
    ["decimal", "0.123456789012345678901234567890"],
    ["tenth", "0.3"],
    ["root", "1.4142135623731"],
    ["power", "1e+21"],
    ["one", "1.0"],
    ["less", "-0.8"],
  ]);
});

Deno.test("compactJson() changes nothing but the space between values", () => {
  assert.equal(compactJson(' {\n "a b" : [ 1.0 ,\t"x \\" y" ] } '), '{"a b":[1.0,"x \\" y"]}');
  const long = JSON.stringify("x y".repeat(1_000_000));
  assert.equal(compactJson(` ${long} `), long);
});

Deno.test("sparkline() thins out a long series and leaves gaps open", () => {
  assert.equal(sparkline([0, null, 7]), "▁ █");
  assert.equal(sparkline([5, 5]), "▁▁");
  assert.ok(sparkline(Array.from({ length: 1000 }, (_, index) => index)).length <= 49);
});

Deno.test("sessionConfig() names the same session the same, and another where anything about it differs", () => {
  const name = (env: Record<string, string>, command: string, subject: string) =>
    sessionConfig(env, command, subject).instance;
  const again = () => name({}, "run", "/bots/a");
  const others = [
    again(),
    name({}, "backtest", "/bots/a"),
    name({}, "run", "/bots/b"),
    name({ TEMP_DIR: "/tmp/other" }, "run", "/bots/a"),
    name({ BERTH_INSTANCE: "other" }, "run", "/bots/a"),
  ];
  assert.equal(again(), again());
  assert.equal(new Set(others).size, others.length, others.join());
});
