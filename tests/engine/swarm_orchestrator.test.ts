import assert from "node:assert/strict";
import { connectDocker, connectEngine } from "../../lib/engine/docker/connect_docker.ts";
import { SwarmOrchestrator } from "../../lib/engine/swarm/swarm_orchestrator.ts";
import type { SwarmContainerSpec } from "../../lib/engine/swarm/swarm_service_spec.ts";
import { ContainerConflictError, ContainerNotFoundError, EngineUnavailableError } from "../../lib/errors.ts";
import type { Lab } from "../../scripts/lab/lab.ts";
import { IMAGES } from "../support/fixtures/engine_support.ts";
import { LabFixture, testInLab } from "../support/fixtures/lab_fixture.ts";
import { until } from "../support/until.ts";

const LABELS = { "runtime.managed": "true", "berth.instance": "test" };
const MIB = 1024 ** 2;

function spec(name: string, script: string, more: Partial<SwarmContainerSpec> = {}): SwarmContainerSpec {
  return {
    name,
    image: IMAGES["python3.11"]!,
    command: ["python3", "-u", "-c", script],
    env: { WHERE: "{{.Node.Hostname}}" },
    labels: { ...LABELS, "runtime.id": name },
    configs: [],
    secrets: [],
    volumes: [],
    tmpfs: [],
    constraints: [],
    network: "host",
    resources: { memoryBytes: 64 * MIB, cpuShares: 512, pids: 32 },
    logs: { maxSizeBytes: MIB, maxFiles: 2 },
    user: "0:0",
    capabilities: [],
    graceSeconds: 10,
    ...more,
  };
}

function connect(lab: Lab): SwarmOrchestrator {
  return new SwarmOrchestrator(lab.managers.map(connectDocker), { labels: LABELS });
}

async function untilPhase(swarm: SwarmOrchestrator, id: string, phase: string): Promise<void> {
  await until(`phase ${phase}`, async () => (await swarm.getStatus(id))?.phase === phase);
}

async function linesOf(swarm: SwarmOrchestrator, id: string, options = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const { stream, text } of swarm.getLogs(id, options)) lines.push(`${stream} ${text}`);
  return lines;
}

testInLab(
  "a Swarm runs containers as services, and keeps the log and exit code of each until it is removed",
  async () => {
    await using lab = await LabFixture.open({ nodes: 1, heartbeatSeconds: 1 });
    await using swarm = connect(lab);

    // Ends by itself: both streams, a long line, and a followed log that ends with the container.
    const ending = await swarm.create(spec(
      "ending",
      "import sys, time\nprint('x' * 40_000)\nprint('oops', file=sys.stderr)\ntime.sleep(2)\nprint('last', end='')\nsys.exit(3)",
    ));
    assert.equal(ending.phase, "starting");
    await assert.rejects(swarm.create(spec("ending", "")), ContainerConflictError);
    await untilPhase(swarm, ending.id, "running");
    const followed = linesOf(swarm, ending.id, { follow: true });
    assert.equal((await swarm.wait(ending.id)).exitCode, 3);
    const lines = (await followed).sort();
    assert.deepEqual(lines, ["stderr oops", "stdout last", `stdout ${"x".repeat(40_000)}`]);
    assert.deepEqual((await linesOf(swarm, ending.id)).sort(), lines);
    assert.deepEqual(await linesOf(swarm, ending.id, { tail: 1 }), ["stdout last"]);
    const { phase, exitCode, nodeName } = (await swarm.getStatus("ending"))!;
    assert.deepEqual([phase, exitCode, nodeName], ["exited", 3, "node-1"]);

    // Is stopped: it sees SIGTERM, and what it prints then stays as well.
    const stopped = await swarm.create(spec(
      "stopped",
      "import signal, sys\ndef end(*_):\n  print('bye')\n  sys.exit(7)\nsignal.signal(signal.SIGTERM, end)\nprint('up')\nwhile True: signal.pause()",
    ));
    await swarm.waitUntilStarted(stopped.id, { limitMs: 60_000, pendingLimitMs: 60_000 });
    assert.equal((await swarm.getStatus(stopped.id))!.phase, "running");
    await until("its first line", async () => (await linesOf(swarm, stopped.id)).length === 1);
    assert.deepEqual(await swarm.stop(stopped.id, { graceSeconds: 10 }), { how: "stopped", exitCode: 7 });
    assert.deepEqual(await linesOf(swarm, stopped.id), ["stdout up", "stdout bye"]);
    assert.deepEqual(await swarm.stop(stopped.id, { graceSeconds: 0 }), {
      how: "already-exited",
      exitCode: 7,
    });

    const listed = await swarm.listContainers({ labels: LABELS });
    assert.deepEqual(listed.map(({ name, exitCode }) => [name, exitCode]).sort(), [["ending", 3], [
      "stopped",
      7,
    ]]);
    assert.deepEqual(await swarm.listContainers({ labels: { "berth.instance": "other" } }), []);
    for (const { id } of listed) await swarm.remove(id);
    assert.equal(await swarm.getStatus(ending.id), undefined);
    await assert.rejects(linesOf(swarm, ending.id), ContainerNotFoundError);
    await assert.rejects(swarm.stop(ending.id, { graceSeconds: 0 }), ContainerNotFoundError);

    // Cannot start: the Swarm says why.
    const refused = await swarm.create(spec("refused", "", { image: "berth-standin/none:1" }));
    await untilPhase(swarm, refused.id, "exited");
    const info = (await swarm.getStatus(refused.id))!;
    assert.equal(info.exitCode, undefined);
    assert.match(info.reason ?? "", /no such image/i);
    await swarm.remove(refused.id);
  },
);

testInLab("a Swarm's secrets and configs are files of root, and stay while a service uses them", async () => {
  await using lab = await LabFixture.open({ nodes: 1, heartbeatSeconds: 1 });
  await using swarm = connect(lab);
  const content = new TextEncoder().encode("top secret");
  const secret = (await swarm.secrets.create({ name: "token", labels: LABELS, content }))!;
  const config = (await swarm.configs.create({
    name: "program",
    labels: LABELS,
    content: new TextEncoder().encode("print(6 * 7)"),
  }))!;
  assert.equal(await swarm.secrets.create({ name: "token", labels: LABELS, content }), undefined);
  const { id } = await swarm.create(spec(
    "reader",
    "import os, runpy\ns = os.stat('/berth/token')\nprint(open('/berth/token').read(), oct(s.st_mode), s.st_uid)\nrunpy.run_path('/berth/program.py')",
    {
      secrets: [{ id: secret, name: "token", target: "/berth/token", mode: 0o400 }],
      configs: [{ id: config, name: "program", target: "/berth/program.py", mode: 0o444 }],
    },
  ));
  assert.equal((await swarm.wait(id)).exitCode, 0);
  assert.deepEqual(await linesOf(swarm, id), ["stdout top secret 0o100400 0", "stdout 42"]);
  assert.deepEqual([await swarm.secrets.remove(secret), await swarm.configs.remove(config)], [false, false]);
  await swarm.remove(id);
  await until(
    "they are free",
    async () => await swarm.secrets.remove(secret) && await swarm.configs.remove(config),
  );
  assert.deepEqual(await swarm.secrets.list(LABELS), []);
});

testInLab("whoever watches a Swarm hears that a container runs, and that it has ended", async () => {
  await using lab = await LabFixture.open({ nodes: 1, heartbeatSeconds: 1 });
  await using swarm = connect(lab);
  const heard: string[] = [];
  const watching = new AbortController();
  const done = (async () => {
    for await (const { action, labels } of swarm.watch({ labels: LABELS, signal: watching.signal })) {
      heard.push(`${labels["runtime.id"]} ${action}`);
    }
  })().catch(() => {});
  const { id } = await swarm.create(spec("short", "import time; time.sleep(2.5)"));
  await until("both", () => heard.includes("short run") && heard.includes("short die"));
  assert.equal((await swarm.getStatus(id))?.phase, "exited");
  watching.abort();
  await done;
});

testInLab("any manager will do, and no answer is never an empty one", async () => {
  await using lab = await LabFixture.open({ nodes: 1, heartbeatSeconds: 1 });
  const [address = ""] = lab.managers;
  const away = connectDocker(`unix://${lab.folder}/none.sock`);
  await using swarm = new SwarmOrchestrator([away, connectDocker(address)], { labels: LABELS });
  assert.deepEqual(await swarm.listContainers({ labels: LABELS }), []);
  await using alone = new SwarmOrchestrator([away], { labels: LABELS });
  await assert.rejects(alone.listContainers({ labels: LABELS }), EngineUnavailableError);
  await using none = new SwarmOrchestrator([connectEngine({ socketPath: "/var/run/docker.sock" })], {
    labels: LABELS,
  });
  await assert.rejects(none.listContainers({ labels: LABELS }), /not part of a Swarm|not a swarm manager/i);
});
