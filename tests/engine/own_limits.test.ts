/** Limits and networks that bots set for themselves, on the engine and as a user sees them. */

import assert from "node:assert/strict";
import { InvalidExecutableError } from "../../lib/errors.ts";
import { EngineFixture } from "../support/fixtures/engine_fixture.ts";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { RunnerFixture } from "../support/fixtures/runner_fixture.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;
const LOOP =
  "import time\ndef main(id, config):\n    print('ready', flush=True)\n    while True: time.sleep(0.1)\n";

async function writeLimited(service: ServiceFixture, settings: string, main: string = LOOP): Promise<string> {
  return await writeBot(`${service.temp}/bot`, {
    "bot-config.yaml": `name: my-bot\nversion: 1.0.0\nentrypoints:\n  bot: main.py\n${settings}`,
    "main.py": main,
  });
}

Deno.test("DockerRunner gives a container its own limits, and another one those of all", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, config } = fixture;
  await using engine = await EngineFixture.open();
  const limits = { memoryBytes: 96 * MIB, cpuShares: 256, cpus: 0.5, pids: 32, diskBytes: 64 * MIB };
  const inspect = async (id: string) => (await engine.docker.getContainer(id).inspect()).HostConfig;
  const plain = await runner.startContainer(await deploy({ "main.py": LOOP }));
  const own = await runner.startContainer(await deploy({ "main.py": LOOP }, { limits, network: "none" }));
  const [first, second] = [await inspect(plain.containerId), await inspect(own.containerId)];
  const { resources } = config;
  const of = (
    host: typeof first,
  ) => [host.Memory, host.CpuShares, host.NanoCpus, host.PidsLimit, host.NetworkMode];
  assert.deepEqual(of(first), [resources.memoryBytes, resources.cpuShares, 0, resources.pids, "host"]);
  assert.deepEqual(of(second), [limits.memoryBytes, 256, 5e8, 32, "none"]);
  const fileLimit = second.Ulimits?.find(({ Name }) => Name === "fsize");
  assert.equal(fileLimit?.Hard, 72 * MIB);
  await Promise.all([plain, own].map(({ containerId }) => runner.stopContainer(containerId)));
});

Deno.test("DockerRunner holds a container to its own limits: memory, processes, processors and network", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const run = async (main: string, input: Parameters<typeof deploy>[1]) =>
    await runner.startContainer(
      await deploy({ "main.py": main }, { ...input, isLongRunning: false, persistResults: false }),
    );
  const hungry = await run("def main(id, config):\n    data = [b'x' * 1024 * 1024 for _ in range(400)]\n", {
    limits: { memoryBytes: 48 * MIB },
  });
  assert.ok(hungry.status === "error");
  assert.match(hungry.message, /out of memory: had 48 MB/);
  const forks = await run(
    "import threading, time\ndef main(id, config):\n    try:\n        for n in range(100):\n" +
      "            threading.Thread(target=time.sleep, args=(1,), daemon=True).start()\n" +
      "    except RuntimeError: return n\n    return -1\n",
    { limits: { pids: 16 } },
  );
  assert.ok(forks.status === "success");
  const count = Number(new TextDecoder().decode(forks.result));
  assert.ok(count > 0 && count < 16, `${count} threads`);
  const quota = await run(
    "import glob\ndef main(id, config):\n    paths = ['/sys/fs/cgroup/cpu.max', *glob.glob('/sys/fs/cgroup/cpu*/cpu.cfs_*_us')]\n" +
      "    return {p.split('/')[-1]: open(p).read().split() for p in paths if __import__('os').path.exists(p)}\n",
    { limits: { cpus: 0.25 } },
  );
  assert.ok(quota.status === "success");
  const files = JSON.parse(new TextDecoder().decode(quota.result)) as Record<string, string[]>;
  const [used, period] = files["cpu.max"] ??
    [files["cpu.cfs_quota_us"]?.[0], files["cpu.cfs_period_us"]?.[0]];
  assert.equal(Number(used) / Number(period), 0.25, JSON.stringify(files));
  const alone = await run(
    "import socket\ndef main(id, config):\n    names = sorted(n for _, n in socket.if_nameindex())\n" +
      "    try:\n        socket.create_connection(('192.0.2.1', 80), timeout=5)\n    except OSError as e: return [names, e.strerror]\n",
    { network: "none" },
  );
  assert.ok(alone.status === "success");
  const [names, problem] = JSON.parse(new TextDecoder().decode(alone.result));
  assert.deepEqual([names.includes("lo"), names.includes("eth0"), problem], [
    true,
    false,
    "Network is unreachable",
  ]);
});

Deno.test("DockerRunner refuses what is beyond the operator's bounds, before it makes anything", async () => {
  await using fixture = await RunnerFixture.open({
    BOT_MEMORY_LIMIT_MB: "64",
    MAX_BOT_MEMORY_MB: "256",
    ALLOWED_BOT_NETWORKS: "bridge,none",
  });
  const { runner, deploy, containers, folders } = fixture;
  const executable = await deploy({ "main.py": LOOP }, {
    limits: { memoryBytes: 512 * MIB },
    network: "host",
  });
  await assert.rejects(
    runner.startContainer(executable),
    (error) =>
      error instanceof InvalidExecutableError &&
      /memory_mb: .*MAX_BOT_MEMORY_MB.*/.test(error.message) && /ALLOWED_BOT_NETWORKS/.test(error.message),
  );
  assert.deepEqual([await containers(), await folders()], [[], []]);
});

Deno.test("a change of limits replaces a bot, an equal value does not, and describe shows what it has", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  const set = async (berth: Record<string, unknown>) => {
    const { document } = await botOf();
    await service.client.call("putBot", {
      params: { id: "my-bot" },
      body: { custom: document!.custom, config: { berth } },
    });
  };
  const botOf = () => service.client.call("getBot", { params: { id: "my-bot" } });
  const { output } = await service.berth("deploy", await writeLimited(service, ""));
  assert.match(output, /has stayed up/);
  const { containerId: first } = await botOf();
  const { pids } = service.config.runner.resources;
  await set({ pids });
  await until("the document is seen", async () => (await botOf()).limits?.pids === pids);
  assert.deepEqual([(await botOf()).containerId, (await botOf()).exits], [first, []]);
  await set({ memory_mb: 80, cpus: 0.5, network: "none" });
  await until("it is replaced", async () => {
    const { containerId, state } = await botOf();
    return state === "running" && containerId !== first;
  });
  assert.match((await botOf()).exits[0]!.reason, /^stopped: replaced, as its limits or network changed \(/);
  const { stdout } = await service.berth("describe", "my-bot");
  assert.match(
    stdout,
    /^ {2}Limits +80 MiB of memory, 0\.5 processors, CPU weight \d+, \d+ processes, \d+ MiB on disk$/m,
  );
  assert.match(stdout, /^ {2}Network +none$/m);
});

Deno.test("deploy refuses a bot beyond the bounds and writes nothing; a document that is there becomes invalid", async () => {
  const env = { MAX_BOT_MEMORY_MB: "600", MAX_BOT_CPUS: "1" };
  await using service = await ServiceFixture.open({ engine: true, env });
  const folder = await writeLimited(service, "memory_mb: 1024\ncpus: 2\n");
  const { code, output } = await service.berth("deploy", folder);
  assert.equal(code, 1);
  assert.match(output, /memory_mb: must be at most 600, the operator's bound MAX_BOT_MEMORY_MB \(is 1024\)/);
  assert.match(output, /cpus: must be at most 1, the operator's bound MAX_BOT_CPUS \(is 2\)/);
  assert.deepEqual((await service.client.call("listBots", { query: {} })).bots, []);
  const objects = await Array.fromAsync(service.composed.store.list("custom-bots", ""));
  assert.deepEqual(objects, []);

  const custom = { filePath: "a/1", config: { entrypoints: { bot: "main.py" } } };
  // As another program writes it: past the API.
  await service.composed.stores.bots.write({
    type: "created",
    id: "other",
    document: { id: "other", segment_id: 0, config: { berth: { memory_mb: 1024 } }, custom },
    order: {},
  });
  service.composed.bots.wake("other");
  await until("it is invalid", async () => {
    const { condition } = await service.client.call("getBot", { params: { id: "other" } });
    return /^invalid: config\.berth\.memory_mb: must be at most 600/.test(condition);
  });
});

Deno.test("berth run and berth backtest keep to the limits of the folder", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  const hungry = "def main(id, config):\n    data = [b'x' * 1024 * 1024 for _ in range(400)]\n";
  const folder = await writeBot(`${service.temp}/hungry`, {
    "bot-config.yaml":
      "name: hungry\nversion: 1.0.0\nmemory_mb: 48\nentrypoints:\n  bot: main.py\n  backtest: main.py\n",
    "main.py": hungry,
  });
  for (const command of ["run", "backtest"]) {
    const { output } = await service.berth(command, folder);
    assert.match(output, /out of memory: had 48 MB/, command);
  }
});
