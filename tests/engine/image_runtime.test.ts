import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { ImageUnavailableError } from "../../lib/errors.ts";
import type { ExecutableInput } from "../../lib/executable/executable.ts";
import { berth, CliProcess, cliVariables, writeBot } from "../support/fixtures/cli_support.ts";
import { CliFixture } from "../support/fixtures/cli_fixture.ts";
import { DOCKER_HOST, IMAGES } from "../support/fixtures/engine_support.ts";
import { buildProgram, RUNS_PROGRAMS } from "../support/builders/program_builder.ts";
import { linesUntil, RunnerFixture } from "../support/fixtures/runner_fixture.ts";
import { OwnImage } from "../support/servers/own_image.ts";

const PYTHON = IMAGES["python3.11"]!;
const EXAMPLE = new URL("../../examples/runtimes/image/bot.py", import.meta.url);

/** Describes a bot with an image of its own; its archive holds only its description. */
function imageBot(image: string, more: Partial<ExecutableInput> = {}): Partial<ExecutableInput> {
  return { runtime: "image", image, entrypointFiles: {}, ...more };
}

const files = { x: new Uint8Array([1]) };
const FOLDER = { "bot-config.yaml": "name: mine\n", "bot.py": await readFile(EXAMPLE, "utf8") };

Deno.test("an image runs with the same contract: id, configuration, stop signal, result and state", async () => {
  await using fixture = await RunnerFixture.open();
  const { deploy, runner } = fixture;
  const command = ["python3", "-u", "/bot/bot.py"];
  const bot = await deploy(FOLDER, imageBot(PYTHON, { command, config: '{"symbol": "BTC-USD"}' }));
  const { containerId } = await runner.startContainer(bot, { wait: false });
  const lines = await linesUntil(runner, containerId, /watches/);
  assert.equal(lines.at(-1), `${bot.id} watches BTC-USD`);
  const stopped = await runner.stopContainer(containerId, { keep: true });
  assert.deepEqual([stopped.how, stopped.exitCode], ["stopped", 143]);
  const { result } = await runner.collect(containerId);
  assert.deepEqual(result.problem, undefined, "its result.json is read");
  await runner.removeContainer(containerId);

  const script =
    'touch "$STATE_DIR/x" && echo "$STATE_DIR" "$(pwd)" "${SCRIPT_PATH-none}" "$ID" "$CODE_MOUNT_DIR"';
  const once = await deploy(
    FOLDER,
    imageBot(PYTHON, { command: ["sh", "-c", script], isLongRunning: false }),
  );
  const ended = await runner.startContainer(once);
  assert.ok(ended.status === "success", JSON.stringify(ended));
  assert.equal(ended.output, `/state / none ${once.id} /bot\n`);
});

Deno.test("a change of image or command is another specification", async () => {
  await using fixture = await RunnerFixture.open();
  const { deploy, runner } = fixture;
  const bot = await deploy(FOLDER, imageBot(PYTHON));
  const hashes = [bot, { ...bot, image: "other:1" }, { ...bot, command: ["a"] }].map((one) =>
    runner.specHash(one)
  );
  assert.equal(new Set(hashes).size, 3);
});

Deno.test({
  name: "an image without a shell runs its own program, and its entrypoint gives way to a command",
  ignore: !RUNS_PROGRAMS,
  async fn() {
    // Without a shell, a program can only end: execve fails, and the next instruction is not allowed.
    const files = { mine: buildProgram("/none"), other: buildProgram("/none", { dies: "SIGSEGV" }) };
    await using image = await OwnImage.make(DOCKER_HOST, { files, entrypoint: ["/mine"] });
    await using fixture = await RunnerFixture.open();
    const { deploy, runner } = fixture;
    for (const command of [undefined, ["/other"]]) {
      const input = imageBot(image.name, { isLongRunning: false, ...(command && { command }) });
      const ended = await runner.startContainer(await deploy(FOLDER, input));
      // The program itself ran, without any script of Berth's.
      assert.ok(ended.status === "error");
      assert.equal(ended.exitCode, command ? 139 : 132, ended.output);
    }
  },
});

Deno.test("an image without a program, and a command that is not there, say so and leave nothing", async () => {
  await using image = await OwnImage.make(DOCKER_HOST, { files: { x: new Uint8Array() } });
  await using fixture = await RunnerFixture.open();
  const { deploy, runner } = fixture;
  const nothing = await deploy(FOLDER, imageBot(image.name));
  await assert.rejects(
    runner.startContainer(nothing, { wait: false }),
    /has no program of its own.*'command'/,
  );
  const input = imageBot(PYTHON, { command: ["not-there", "x"], isLongRunning: false });
  const ended = await runner.startContainer(await deploy(FOLDER, input));
  assert.ok(ended.status === "error");
  assert.match(ended.message, /exit code 127/);
  assert.match(ended.output, /not-there.*No such file/);
});

Deno.test("an image for another processor, and one that nobody has, are refused and leave nothing", async () => {
  await using image = await OwnImage.make(DOCKER_HOST, { files, entrypoint: ["/x"], architecture: "s390x" });
  await using fixture = await RunnerFixture.open();
  const { deploy, runner } = fixture;
  const isRefused = (pattern: RegExp) => (error: unknown) => {
    assert.ok(error instanceof ImageUnavailableError, String(error));
    assert.match(error.message, pattern);
    return true;
  };
  const other = await deploy(FOLDER, imageBot(image.name));
  await assert.rejects(
    runner.startContainer(other, { wait: false }),
    isRefused(/is for linux\/s390x, and the engine/),
  );
  await assert.rejects(
    runner.resolveImage(image.name),
    isRefused(/is for linux\/s390x, and the engine runs linux/),
  );
  const missing = await deploy(FOLDER, imageBot(`sha256:${"0".repeat(64)}`));
  await assert.rejects(
    runner.startContainer(missing, { wait: false }),
    isRefused(/built or loaded here\. Build or load/),
  );
});

Deno.test("resolveImage() pins an image that was built here to its id", async () => {
  await using image = await OwnImage.make(DOCKER_HOST, { files, entrypoint: ["/x"] });
  await using fixture = await RunnerFixture.open();
  const { runner } = fixture;
  const { reference, note } = await runner.resolveImage(image.name);
  assert.match(reference, /^sha256:[0-9a-f]{64}$/);
  assert.equal(note, "it was built or loaded on the engine's host");
  assert.deepEqual(await runner.resolveImage(reference), { reference });
  assert.equal(await runner.newerImage(image.name, reference), undefined);
});

Deno.test("berth deploy pins an image, describe shows it, and what cannot run is refused whole", async () => {
  await using fixture = await CliFixture.open((temp) => [cliVariables(temp).BERTH_INSTANCE!]);
  const { temp } = fixture;
  const env = cliVariables(temp, { HTTP_ADDR: "off", DOCKER_CONFIG: `${temp}/docker` });
  const flags = (await berth(env, "permissions")).trim().split(" ");
  assert.ok(flags.some((flag) => /^--allow-read=/.test(flag) && flag.includes(`${temp}/docker/config.json`)));
  await using service = CliProcess.start(["start"], env, flags);
  await service.printed(/listening/);
  const write = (image: string) =>
    writeBot(`${temp}/bot`, {
      ...FOLDER,
      "bot-config.yaml": `name: mine\nversion: 1.0.0\nruntime: image\nimage: ${image}\n` +
        "command: [python3, -u, /bot/bot.py]\n",
      "config.json": '{ "symbol": "BTC-USD" }',
    });

  const deployed = JSON.parse(await berth(env, "deploy", await write(PYTHON), "--json"));
  assert.deepEqual(deployed.start, { outcome: "running" });
  assert.match(
    await berth(env, "describe", "mine"),
    /Runtime +image\n +Image +\S+, pinned to sha256:[0-9a-f]{12}\n/,
  );
  const again = JSON.parse(await berth(env, "deploy", `${temp}/bot`, "--json"));
  assert.deepEqual([again.isUnchanged, again.start.outcome], [true, "running"]);

  await using other = await OwnImage.make(DOCKER_HOST, { files, entrypoint: ["/x"], architecture: "s390x" });
  const problems: [image: string, message: RegExp][] = [
    [other.name, /is for linux\/s390x, and the engine runs linux/],
    ["Not/valid", /image: must be an image such as/],
    [`sha256:${"0".repeat(64)}`, /The engine has no image/],
  ];
  for (const [image, message] of problems) {
    const refused = await CliProcess.run(["deploy", await write(image)], env);
    assert.equal(refused.code, 1, refused.stdout);
    assert.match(refused.output, message);
  }
  const script = await writeBot(`${temp}/script`, {
    "bot-config.yaml": "name: script\nversion: 1.0.0\nruntime: binary\nentrypoints:\n  bot: main.sh\n",
    "main.sh": "#!/bin/sh\n",
  });
  const refused = await CliProcess.run(["deploy", script], env);
  assert.deepEqual([refused.code, /'main\.sh' is a script/.test(refused.output)], [1, true], refused.output);
  assert.match(await berth(env, "ps"), /STATE\nmine .* running\n$/);
  await berth(env, "remove", "mine", "--purge");
  service.kill("SIGTERM");
  assert.equal(await service.end(), 0, service.output);
});
