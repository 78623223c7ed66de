import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { botTemplate } from "../../cli/init/bot_template.ts";
import { NODE, PYTHON, repositoryFile, WrappedBot } from "../support/processes/wrapper_process.ts";

Deno.test("the types of the bot that berth init makes in TypeScript hold", async () => {
  const sdk = repositoryFile("lib/executable/sdk/node");
  for (const isScheduled of [false, true]) {
    const files = botTemplate({ name: "my-bot", runtime: "nodejs20", isScheduled, isTypeScript: true });
    assert.match(files["berth.d.ts"]!, /^declare module "berth" \{\n(?: .*\n|\n)+\}\n$/);
    const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
    try {
      await cp(sdk, `${folder}/node_modules/berth`, { recursive: true });
      await Deno.writeTextFile(`${folder}/package.json`, "{}");
      const scripts = Object.keys(files).filter((name) => /^[a-z]+\.ts$/.test(name));
      for (const name of scripts) await Deno.writeTextFile(`${folder}/${name}`, files[name]!);
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["check", "--quiet", ...scripts],
        cwd: folder,
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
});

for (const runtime of ["python3.11", "nodejs20"] as const) {
  const language = runtime.startsWith("nodejs") ? NODE : PYTHON;
  const template = (isScheduled: boolean) => {
    const files = botTemplate({ name: "my-bot", runtime, isScheduled });
    return { files: { ...files }, config: files["config.json"]! };
  };

  Deno.test(`the bot that berth init makes for ${runtime} runs until it is stopped`, async () => {
    await using bot = await WrappedBot.start(language, template(false));
    await bot.waitFor('"_metric"');
    await bot.waitFor('"_heartbeat"');
    bot.kill();
    const end = await bot.end();
    assert.deepEqual([end.code, end.stderr], [143, ""]);
    assert.match(end.stdout, /^\{"_metric": ?"price", ?"symbol": ?"BTC-USD", ?"value": ?[\d.]+\}$/m);
    assert.match(end.stdout, /\nbot-1 stops at [\d.]+\n$/);
  });

  Deno.test(`the backtest and the schedule that berth init makes for ${runtime} end with a result`, async () => {
    const { files, config } = template(false);
    const script = Object.keys(files).find((name) => name.startsWith("backtest"))!;
    assert.match(files["bot-config.yaml"]!, new RegExp(`^  backtest: ${script.replace(".", "\\.")}$`, "m"));
    await using backtest = await WrappedBot.start(language, {
      files,
      config,
      script,
      entrypointType: "backtest",
    });
    const { code, result, stderr } = await backtest.end();
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(Object.keys(result.metrics), ["crossings", "highest", "lowest"]);
    assert.equal(result.plots[0].y.length, 251);
    await using scheduled = await WrappedBot.start(language, template(true));
    const end = await scheduled.end();
    assert.deepEqual([end.code, end.stderr, Object.keys(end.result)], [0, "", ["symbol", "price", "side"]]);
  });

  Deno.test(`the test that berth init makes for ${runtime} passes without Berth`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
    try {
      for (const [name, text] of Object.entries(template(false).files)) {
        await Deno.writeTextFile(`${folder}/${name}`, text);
      }
      const [program, ...args] = /```sh\n(.*?) +#/.exec(template(false).files["README.md"]!)![1]!.split(" ");
      const { success, stderr, stdout } = await new Deno.Command(program!, {
        args,
        cwd: folder,
        env: { PYTHONDONTWRITEBYTECODE: "1" },
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
