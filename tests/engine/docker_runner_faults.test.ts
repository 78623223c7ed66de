import assert from "node:assert/strict";
import { BerthError, EngineUnavailableError, ImageUnavailableError } from "../../lib/errors.ts";
import type { Executable } from "../../lib/executable/executable.ts";
import { LABEL } from "../../lib/engine/labels.ts";
import { ALL_SEGMENTS } from "../../lib/runner/runner.ts";
import { type PrivateEngine, REGISTRY, testPrivately, tinyFiles } from "../support/servers/private_engine.ts";
import { startRunnerProcess } from "../support/processes/runner_process.ts";
import { RunnerFixture } from "../support/fixtures/runner_fixture.ts";
import { until } from "../support/until.ts";

const LOOP = "import time\ndef main(id, config):\n    while True: time.sleep(0.05)\n";
const RESULT = "def main(id, config): return {'answer': 42}\n";

/** Content that does not shrink when it is packed. */
function noise(bytes: number): Uint8Array {
  const content = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(content.subarray(at, at + 65_536));
  return content;
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** Whether each folder is named by a container, and each container has its folder. */
async function isPaired({ folders, containers }: RunnerFixture): Promise<boolean> {
  const named = (await containers()).map(({ labels }) => labels[LABEL.folder]);
  return JSON.stringify((await folders()).sort()) === JSON.stringify(named.sort());
}

async function removeListed({ runner, containers }: RunnerFixture): Promise<void> {
  await Promise.all((await containers()).map(({ id }) => runner.removeContainer(id)));
}

Deno.test({
  name: "DockerRunner with a full TEMP_DIR says so, leaves nothing, and starts what fits afterwards",
  ignore: Deno.uid() !== 0 || Deno.build.os !== "linux",
  fn: async () => {
    await using fixture = await RunnerFixture.open();
    const { runner, deploy, config, folders } = fixture;
    const backtest = { entrypoint: "backtest" } as const;
    const small = await deploy({ "main.py": RESULT }, backtest);
    const half = await deploy({ "main.py": RESULT, noise: noise(900 << 10) }, backtest);
    const otherHalf = await deploy({ "main.py": RESULT, noise: noise(900 << 10) }, backtest);
    const tooBig = {
      "for the cache": await deploy({ "main.py": RESULT, noise: noise(3 << 20) }, backtest),
      "to extract": await deploy({ "main.py": RESULT, noise: noise(1200 << 10) }, backtest),
      "with its configuration": await deploy({ "main.py": RESULT, noise: noise(900 << 10) }, {
        ...backtest,
        config: JSON.stringify({ fill: "x".repeat(800 << 10) }),
      }),
    };
    await Deno.mkdir(config.tempDir);
    await run("mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", config.tempDir);
    try {
      // Either fits, but not beside the other's archive, which is kept for the next start.
      assert.equal((await runner.startContainer(half)).status, "success");
      await assert.rejects(runner.startContainer(otherHalf), /full/);
      assert.equal((await runner.startContainer(otherHalf)).status, "success");
      for (const [what, executable] of Object.entries(tooBig)) {
        await assert.rejects(
          runner.startContainer(executable),
          (error) => error instanceof BerthError && error.code === "archive/io" && /full/.test(error.message),
          what,
        );
        assert.deepEqual(await folders(), [], what);
        const cached = await Array.fromAsync(Deno.readDir(`${config.tempDir}/${config.instance}/cache`));
        assert.deepEqual(cached.filter(({ name }) => !/\.zip$|^versions\.json$/.test(name)), [], what);
        assert.equal((await runner.startContainer(small)).status, "success", what);
      }
    } finally {
      await run("umount", config.tempDir);
    }
  },
});

Deno.test("DockerRunner without an engine says so, and leaves no folder", async () => {
  await using fixture = await RunnerFixture.open();
  const { another, deploy, folders, temp } = fixture;
  const executable = await deploy({ "main.py": LOOP });
  const dead = Deno.listen({ transport: "unix", path: `${temp}/dead.sock` });
  await Deno.rename(`${temp}/dead.sock`, `${temp}/left.sock`);
  dead.close();
  for (
    const [socket, why] of [["none.sock", /no such socket/], ["left.sock", /nothing listens/]] as const
  ) {
    const runner = another({ DOCKER_HOST: `unix://${temp}/${socket}` });
    await assert.rejects(
      runner.startContainer(executable),
      (error) => error instanceof EngineUnavailableError && why.test(error.message),
    );
    assert.deepEqual(await folders(), [], socket);
    await assert.rejects(runner.removeOrphans(), EngineUnavailableError);
  }
});

/** Opens a fixture on a private engine, whose bots are a program that sleeps. */
async function openOn(engine: PrivateEngine): Promise<RunnerFixture> {
  const image = "berth-test/bot:1";
  const python3 = new TextEncoder().encode("#!/bin/sh\nexec sleep 1000\n");
  await engine.importImage(image, { ...await tinyFiles(), "bin/python3": python3 });
  return await RunnerFixture.open({
    DOCKER_HOST: engine.dockerHost,
    RUNTIME_IMAGES: `python3.11=${image}`,
    STOP_GRACE_SECONDS: "0",
  });
}

async function deployMany({ deploy }: RunnerFixture, count: number): Promise<Executable[]> {
  const first = await deploy({ "main.py": LOOP });
  return Array.from({ length: count }, (_, i) => ({ ...first, id: `${first.id}-${i}` }));
}

testPrivately(
  "DockerRunner whose engine is killed in the middle of starts leaves no container without a folder, and no folder without a container",
  async (engine) => {
    await using fixture = await openOn(engine);
    const { runner, folders, containers } = fixture;
    const executables = await deployMany(fixture, 8);
    for (const moment of [0, 1, 3, 5]) {
      const starts = Promise.allSettled(executables.map((one) => runner.startContainer(one)));
      await until(`container ${moment}`, async () => (await containers()).length >= moment);
      await engine.signal("KILL");
      for (const start of await starts) {
        if (start.status === "rejected") {
          assert.ok(start.reason instanceof EngineUnavailableError, start.reason);
        }
      }
      await engine.start();
      for (const { labels } of await containers()) {
        assert.ok((await folders()).includes(labels[LABEL.folder]!));
      }
      await runner.removeOrphans();
      assert.ok(await isPaired(fixture));
      const again = await Promise.all(executables.map((one) => runner.startContainer(one)));
      assert.ok(again.every(({ status }) => status === "running"));
      assert.ok(await isPaired(fixture));
      await removeListed(fixture);
      assert.deepEqual([await containers(), await folders()], [[], []]);
    }
  },
);

testPrivately(
  "DockerRunner starts what a killed engine left unstarted, without removeOrphans()",
  async (engine) => {
    await using fixture = await openOn(engine);
    const { runner, folders, containers } = fixture;
    const [executable] = await deployMany(fixture, 1);
    const { containerName } = await runner.startContainer(executable!);
    const [started] = await containers();
    await removeListed(fixture);
    // The remains of a kill between create and start; the engine's own client makes them, at the time that is needed.
    await engine.create(containerName, started!.image, started!.labels);
    assert.deepEqual((await containers()).map(({ phase }) => phase), ["pending"]);
    const again = await runner.startContainer(executable!);
    assert.ok(again.status === "running" && again.created);
    assert.deepEqual((await containers()).map(({ phase }) => phase), ["running"]);
    assert.equal((await folders()).length, 1);
    await removeListed(fixture);
  },
);

testPrivately(
  "DockerRunner.startContainer() of an image that nobody has leaves nothing",
  async (engine) => {
    await using fixture = await openOn(engine);
    const { another, deploy, folders, containers } = fixture;
    const runner = another({ RUNTIME_IMAGES: `python3.11=${REGISTRY}/no/such:1` });
    await assert.rejects(
      runner.startContainer(await deploy({ "main.py": LOOP })),
      (error) => error instanceof ImageUnavailableError && error.reason === "not-found",
    );
    assert.deepEqual([await folders(), await containers()], [[], []]);
  },
  { registry: true },
);

Deno.test("DockerRunner finds what a killed process of its instance started, and removes the rest", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, config, folders, containers } = fixture;
  const executables = await deployMany(fixture, 8);
  for (const moment of [0, 2, 6]) {
    await using killed = await startRunnerProcess(fixture);
    const starts = Promise.allSettled(executables.map((one) => killed.call("startContainer", one)));
    await until("a folder", async () => (await folders()).length > 0);
    await until(`container ${moment}`, async () => (await containers()).length >= moment);
    await killed.kill();
    await starts;
    // Again, where the engine is still at work on what it was asked for before the kill.
    const removeOrphans = () => runner.removeOrphans();
    const list = () => runner.listManagedContainers(ALL_SEGMENTS);
    await until("the removal of the rest", async () => {
      await removeOrphans();
      return (await list()).every(({ phase }) => phase === "running") && await isPaired(fixture);
    });
    const listed = await list();
    assert.ok(listed.length >= moment - config.startConcurrency, `${listed.length}`);
    assert.deepEqual(listed.map(({ phase }) => phase), Array(listed.length).fill("running"));
    await Promise.all(
      listed.map(({ containerId }) => runner.stopContainer(containerId, { graceSeconds: 0 })),
    );
    await until("the end of the rest", async () => {
      await removeOrphans();
      return (await containers()).length + (await folders()).length === 0;
    });
  }
});
