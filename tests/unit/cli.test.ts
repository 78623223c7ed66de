import assert from "node:assert/strict";
import { runCli } from "../../cli.ts";
import { COMMANDS } from "../../cli/commands/commands.ts";
import type { CliContext } from "../../cli/context.ts";

/** A command line of which nothing but its texts is asked. */
async function cli(...args: string[]): Promise<{ code: number; out: string; notes: string }> {
  const lines = { out: [] as string[], notes: [] as string[] };
  const context = {
    env: {},
    cwd: "/",
    terminal: {
      out: (line: string) => lines.out.push(line),
      note: (line: string) => lines.notes.push(line),
      transient: () => {},
      paint: (_style: string, text: string) => text,
      interactive: false,
      isScreen: false,
      isClosed: false,
    },
    signal: new AbortController().signal,
  } as unknown as CliContext;
  const code = await runCli(args, context);
  return { code, out: lines.out.join("\n"), notes: lines.notes.join("\n") };
}

Deno.test("runCli() prints one usage text, which names every command", async () => {
  const usage = (await Deno.readTextFile(new URL("../../cli/usage.txt", import.meta.url))).trimEnd();
  for (const args of [[], ["help"], ["--help"], ["-h"]]) {
    assert.deepEqual(await cli(...args), { code: 0, out: usage, notes: "" });
  }
  for (const name of Object.keys(COMMANDS)) assert.match(usage, new RegExp(`^  ${name} `, "m"));
  const { code, notes } = await cli("dmeo");
  assert.deepEqual([code, notes], [2, "berth: There is no command 'dmeo'. 'berth help' lists all."]);
});

for (const [name, { help, options = {} }] of Object.entries(COMMANDS)) {
  Deno.test(`runCli() explains ${name} and each of its options`, async () => {
    assert.match(help, new RegExp(`^Usage: berth ${name}(?= |\n)[^]*\n\n`));
    for (const option of Object.keys(options)) {
      assert.match(help, new RegExp(`^  --${option} .*`, "m"), option);
      // In brackets, unless the command cannot do without it.
      assert.match(help.split("\n\n")[0]!, new RegExp(`[ [(\n]--${option}\\b`), option);
    }
    assert.deepEqual(await cli(name, "--help"), { code: 0, out: help, notes: "" });
    const { code, notes } = await cli(name, "--nonsense");
    assert.deepEqual([code, notes], [
      2,
      `berth: Unknown option '--nonsense'.\n'berth ${name} --help' says more.`,
    ]);
  });
}

for (
  const [args, message] of [
    [["deploy"], "'deploy' needs a bot folder."],
    [["remove"], "'remove' needs the id of a bot or a schedule."],
    [["ps", "x"], "'ps' does not take 'x'."],
    [["bots", "x"], "'ps' does not take 'x'."],
    [["restart"], "'restart' needs the id of a bot."],
    [["events", "a", "b"], "'events' does not take 'b'; it takes the id of a bot or a schedule."],
    [["completions", "tcsh"], "'completions' takes one of bash, zsh, fish."],
    [["logs"], "'logs' needs the id of a bot or a schedule."],
    [["logs", "x", "--tail", "1.5"], "--tail takes a whole number of lines, not '1.5'."],
    [
      ["logs", "x", "--since", "yesterday"],
      "--since takes a time such as 2026-01-31T12:00:00Z, or a duration such as 10m or 2d, not 'yesterday'.",
    ],
    [["logs", "x", "--tail", "100001"], "--tail takes up to 100000 lines; use --since for more."],
    [["logs", "x", "--all", "--grep", "y"], "Use either ids or --all, not both."],
    [["logs", "--all"], "--all needs --grep."],
    [["logs", "--all", "--grep", "y", "-f"], "--all takes neither --follow nor --tail."],
    [["logs", "x", "-f", "--until", "1m"], "Use either --follow or --until, not both."],
    [["logs", "x", "--grep", ""], "--grep needs a regular expression."],
    [
      ["logs", "x", "--tail", "-1"],
      "Option '--tail' needs a value; one that begins with a hyphen is written '--tail=VALUE'.",
    ],
    [
      ["logs", "x", "--tail"],
      "Option '--tail' needs a value; one that begins with a hyphen is written '--tail=VALUE'.",
    ],
    [["demo", "--for", "20"], "--for takes a duration such as 20s or 5m, not '20'."],
    [["demo", "--cluster", "--for", "20s"], "Use either --for or --cluster, not both."],
  ] as const
) {
  Deno.test(`runCli() refuses 'berth ${args.join(" ")}'`, async () => {
    const { code, notes } = await cli(...args);
    assert.deepEqual([code, notes.split("\n")[0]], [2, `berth: ${message}`]);
  });
}

Deno.test("runCli() says what the demo of a cluster needs", async () => {
  const { code, notes } = await cli("demo", "--cluster");
  assert.equal(code, 69);
  assert.match(
    notes,
    /needs Linux .*, root, and a checkout of Berth: run 'sudo \.\/berth demo --cluster' there\.$/,
  );
});

Deno.test("runCli() sends commands that ask the service to the server that --server names, and no others", async () => {
  const { code, notes } = await cli("ps", "--server", "http://127.0.0.1:1");
  assert.equal(code, 69);
  assert.match(
    notes,
    /^berth: No service answers at http:\/\/127\.0\.0\.1:1\. Check the address in --server or BERTH_SERVER/,
  );
  assert.equal((await cli("doctor", "--server", "http://127.0.0.1:1")).code, 2);
});
