import assert from "node:assert/strict";
import { demoCommand } from "../../cli/commands/demo_command.ts";
import { sessionConfig } from "../../cli/session_config.ts";
import { cliContext, CliProcess, cliVariables } from "../support/fixtures/cli_support.ts";
import { CliFixture } from "../support/fixtures/cli_fixture.ts";

const instanceOf = (env: Record<string, string>) => sessionConfig(env, "demo").instance;
const openDemo = () => CliFixture.open((temp) => [instanceOf(cliVariables(temp))]);

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test("berth demo runs the examples through the service, and leaves nothing when Ctrl-C ends it", async () => {
  await using fixture = await openDemo();
  const { temp } = fixture;
  await using demo = CliProcess.start(["demo"], cliVariables(temp));
  for (
    const wanted of [
      /^sma-crossover: starting$/m,
      /^sma-crossover: running/m,
      /^price-alerts: running/m,
      /^sma-crossover \| DEMO\/USD/m,
      /^price-alerts {2}\| DEMO\/EUR/m,
      /^Backtest of sma-crossover: success[^]*^ {2}total_return {2}0\.172$/m,
    ]
  ) await demo.printed(wanted);
  demo.kill("SIGINT");
  assert.equal(await demo.end(), 0, demo.output);
  for (const id of ["sma-crossover", "price-alerts"]) {
    assert.match(demo.output, new RegExp(`^${id}: stopping$[^]*^${id}: stopped$`, "m"));
    assert.match(demo.output, new RegExp(`^${id} +\\| ${id}: asked to stop`, "m"));
  }
  assert.match(
    demo.output,
    /Every bot is stopped, every container and folder removed\nTry next: .*berth deploy my-bot\n$/,
  );
  assert.equal(await isThere(`${temp}/runtime`), false);
  assert.equal(await isThere(`${temp}/data`), false);
});

Deno.test("berth demo removes what a killed demo left, and ends by itself after --for", async () => {
  await using fixture = await openDemo();
  const { temp, containers } = fixture;
  const env = cliVariables(temp);
  await using first = CliProcess.start(["demo"], env);
  await first.printed(/^sma-crossover: running/m);
  await first.printed(/^price-alerts: running/m);
  first.kill("SIGKILL");
  await first.end();
  const left = (await containers(instanceOf(env))).map(({ name }) => name.replace(/.*_bot_/, ""));
  for (const id of ["sma-crossover", "price-alerts"]) assert.ok(left.includes(id), left.join());

  const second = await CliProcess.run(["demo", "--for", "1s"], env);
  assert.match(second.output, /every container and folder removed\nTry next: .*berth deploy my-bot\n$/);
  // The first one made the folder itself; the second found it there.
  assert.deepEqual(await Array.fromAsync(Deno.readDir(`${temp}/runtime`)), []);
});

Deno.test("berth demo fails when a bot does not stay up, and says what became of it", async () => {
  await using fixture = await openDemo();
  const { temp } = fixture;
  const folder = `${temp}/examples/crash`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(
    `${folder}/bot-config.yaml`,
    "name: crash\nversion: 1.0.0\nentrypoints:\n  bot: main.py\n",
  );
  await Deno.writeTextFile(
    `${folder}/main.py`,
    "def main(id, config):\n    print('up')\n    raise SystemExit(3)\n",
  );
  const end = new AbortController();
  const { context, lines } = cliContext(cliVariables(temp), {
    examplesDir: `${temp}/examples`,
    signal: end.signal,
  });
  const note = (line: string) => {
    lines.push(line);
    if (/^crash: backing off until .*exit code 3/.test(line)) end.abort();
  };
  const code = await demoCommand({}, { ...context, terminal: { ...context.terminal, note } });
  assert.equal(code, 1, lines.join("\n"));
  assert.ok(lines.includes("crash | up"), lines.join("\n"));
});
