import assert from "node:assert/strict";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import type { Lab } from "../../scripts/lab/lab.ts";
import { IMAGES } from "../support/fixtures/engine_support.ts";
import { LabFixture, testInLab } from "../support/fixtures/lab_fixture.ts";
import { remainsOf } from "../support/lab_remains.ts";
import { TextLineStream } from "../support/servers/text_lines.ts";
import { pause, until } from "../support/until.ts";

testInLab("a lab is a Swarm whose nodes can be unplugged and switched off, and leaves nothing", async () => {
  let folder: string;
  {
    await using lab = await LabFixture.open({
      nodes: 3,
      heartbeatSeconds: 1,
      servers: ["mongo", "minio", "nats"],
    });
    folder = lab.folder;
    await startOnEachNode(lab);
    assert.deepEqual(await serversReachedBy(lab, 3), ["9000", "27017", "4222"]);

    const registry = await lab.reach(5000);
    assert.equal((await fetch(`http://${registry}/v2/`)).status, 200);

    await lab.partition(3);
    await untilState(lab, 3, "down");
    assert.deepEqual(await serversReachedBy(lab, 3), []);
    assert.equal((await runningOn(lab, 3)).length, 1, "an unplugged node runs on");
    await lab.heal(3);
    await untilState(lab, 3, "ready");

    await lab.cutFromHub(3);
    assert.deepEqual(await serversReachedBy(lab, 3), []);
    await lab.slow(1, 50);
    const took = await timeToHub(lab, 1);
    assert.ok(took >= 100, `a connection over a slow link takes ${took} ms`);
    await lab.clock(1, 2);
    await until("a clock that runs fast", async () => await clockRate(lab, 1) > 1.5);
    for (const number of [1, 3]) await lab.heal(number);
    assert.deepEqual(await serversReachedBy(lab, 3), ["9000", "27017", "4222"]);
    await until("a clock that runs as all others", async () => Math.abs(await clockRate(lab, 1) - 1) < 0.3);

    await lab.powerOff(2);
    assert.equal(lab.isOn(2), false);
    await untilState(lab, 2, "down");
    await lab.powerOn(2);
    await untilState(lab, 2, "ready");

    // One goes on, and the lab ends beside the other.
    await lab.signalServer("minio", "SIGSTOP");
    await lab.signalServer("nats", "SIGSTOP");
    assert.equal(await isReady(lab), false, "a server that stands still does not answer");
    await lab.signalServer("minio", "SIGCONT");
    await until("the answer of the server", () => isReady(lab));
  }
  assert.deepEqual(await remainsOf(folder), []);
});

testInLab("a lab ends with the process that made it, even when that is killed", async () => {
  const script = `
    import { LabFixture } from "${new URL("../support/fixtures/lab_fixture.ts", import.meta.url)}";
    const lab = await LabFixture.open({ nodes: 1 });
    lab.hubCommand("sh", { args: ["-c", "sleep 1000; :", lab.folder], stdout: "null" }).spawn();
    console.log(lab.folder);
    await new Promise(() => setInterval(() => {}, 1000));`;
  const owner = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "--config",
      fileURLToPath(new URL("../../deno.json", import.meta.url)),
      "-",
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = owner.stdin.getWriter();
  await input.write(new TextEncoder().encode(script));
  await input.close();
  const [line] = await Array.fromAsync(firstLine(owner.stdout));
  assert.match(line ?? "", /\/test-[0-9a-f]{8}$/);
  assert.notDeepEqual(await remainsOf(line!), []);
  owner.kill("SIGKILL");
  await owner.status;
  await until("the end of the lab", async () => (await remainsOf(line!)).length === 0);
});

testInLab("the remains of a lab end nothing in a network that has got the number of the lab's", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-lab-" });
  await using other = new Deno.Command("unshare", { args: ["--net", "sleep", "1000"] }).spawn();
  const network = () => Deno.readLinkSync(`/proc/${other.pid}/ns/net`);
  await until("a network of its own", () => network() !== Deno.readLinkSync("/proc/self/ns/net"));
  await Deno.writeTextFile(`${folder}/network`, network());
  const script = fileURLToPath(new URL("../../scripts/lab/clear.sh", import.meta.url));
  const { success } = await new Deno.Command("sh", { args: [script, folder, basename(folder)] }).output();
  assert.ok(success);
  assert.deepEqual(await remainsOf(folder), []);
  // It has not ended before.
  other.kill("SIGTERM");
  assert.equal((await other.status).signal, "SIGTERM");
});

/** A service pinned to each node, with one running task. */
async function startOnEachNode(lab: Lab): Promise<void> {
  const docker = connectDocker(lab.managers[0]!);
  for (const { name } of lab.nodes) {
    await docker.createService({}, {
      Name: `on-${name}`,
      TaskTemplate: {
        ContainerSpec: { Image: IMAGES["python3.11"], Command: ["sleep", "1000"], Init: true },
        Placement: { Constraints: [`node.hostname == ${name}`] },
      },
      Mode: { Replicated: { Replicas: 1 } },
    });
  }
  for (const { number, name } of lab.nodes) {
    await until(`a task on ${name}`, async () => (await runningOn(lab, number)).length === 1);
  }
}

async function runningOn(lab: Lab, number: number): Promise<string[]> {
  const containers = await connectDocker(lab.node(number).dockerHost).listContainers();
  return containers.map(({ Image }) => Image);
}

/**
 * Waits until the Swarm sees a node in this state. A Swarm that loses its leader takes up to 90 s to see that another
 * node is down: its next leader waits for every node first.
 */
async function untilState(lab: Lab, number: number, state: string): Promise<void> {
  const docker = connectDocker(lab.managers[0]!);
  await until(`node ${number} is ${state}`, async () => {
    const nodes = await docker.listNodes().catch(() => []);
    // deno-lint-ignore no-explicit-any -- the types of dockerode know no nodes
    return nodes.some((node: any) =>
      node.Description?.Hostname === lab.node(number).name && node.Status.State === state
    );
  }, 180_000);
}

/** Ports of the servers of the hub that a node reaches. */
async function serversReachedBy(lab: Lab, number: number): Promise<string[]> {
  const script =
    'for port in 9000 27017 4222; do timeout 2 bash -c "</dev/tcp/$0/$port" && echo $port; done; true';
  const { stdout } = await lab.nodeCommand(number, "bash", { args: ["-c", script, lab.hub], stderr: "null" })
    .output();
  return new TextDecoder().decode(stdout).split("\n").filter(Boolean);
}

/** Whether the object store says that it is ready. */
async function isReady(lab: Lab): Promise<boolean> {
  const { success } = await lab.hubCommand("curl", {
    args: ["-sf", "-m", "2", `http://${lab.hub}:9000/minio/health/ready`],
    stdout: "null",
  }).output();
  return success;
}

/** How long it takes to connect to the hub from a node, in ms. */
async function timeToHub(lab: Lab, number: number): Promise<number> {
  const script = 'before=$(date +%s%N); : <"/dev/tcp/$0/5000"; echo $((($(date +%s%N) - before) / 1000000))';
  const { stdout } = await lab.nodeCommand(number, "bash", { args: ["-c", script, lab.hub] }).output();
  return Number(new TextDecoder().decode(stdout));
}

/** How fast the clock of the container on a node runs, as it sees it. */
async function clockRate(lab: Lab, number: number): Promise<number> {
  const pid = await pidOnMachine(lab, number);
  const read = async () => {
    const uptime = async (path: string) => Number((await Deno.readTextFile(path)).split(" ")[0]);
    return [await uptime(`/proc/${pid}/root/proc/uptime`), await uptime("/proc/uptime")] as const;
  };
  const [first, firstHere] = await read();
  await pause(500, "the clocks run");
  const [last, lastHere] = await read();
  return (last - first) / (lastHere - firstHere);
}

/** A process of the container on a node. */
async function pidOnMachine(lab: Lab, number: number): Promise<string> {
  const group = new RegExp(`${basename(lab.folder)}/node-${number}/[0-9a-f]{64}`);
  const pids = Array.from(Deno.readDirSync("/proc"), (entry) => entry.name).filter((pid) =>
    /^\d+$/.test(pid)
  );
  for (const pid of pids) {
    if (group.test(await Deno.readTextFile(`/proc/${pid}/cgroup`).catch(() => ""))) return pid;
  }
  throw new Error(`No container runs on node ${number}`);
}

async function* firstLine(output: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  for await (const line of output.pipeThrough(new TextLineStream())) return yield line;
}
