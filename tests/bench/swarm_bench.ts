/**
 * Measures many bots on a Swarm of three nodes against services that somebody creates by hand: the same ones, and ones
 * that have nothing mounted. Both start in turn, in several rounds: a machine that others share may be half as fast a
 * minute later. Run with `deno run -A tests/bench/swarm_bench.ts [BOTS] [ROUNDS]` as root; 500 bots take about 20 GB of
 * memory, and five minutes a round.
 *
 * @module
 */

import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { DockerodeClient } from "../../lib/engine/docker/dockerode_client.ts";
import { SwarmOrchestrator } from "../../lib/engine/swarm/swarm_orchestrator.ts";
import { Limiter } from "../../lib/util/limiter.ts";
import { ClusterFixture } from "../support/fixtures/cluster_fixture.ts";
import { IMAGES } from "../support/fixtures/engine_support.ts";
import { median, processorSeconds } from "../support/measures.ts";
import { pause, until } from "../support/until.ts";

interface ServiceSpec {
  readonly TaskTemplate: { readonly ContainerSpec: Readonly<Record<string, unknown>> };
}

const [count, rounds] = [Number(Deno.args[0] ?? 100), Number(Deno.args[1] ?? 3)];
const LIMIT_MS = 20 * 60_000;
const LOOK_MS = 500;
/** How long to wait before the idle cost is measured, and how long to measure it, in ms. */
const SETTLE_MS = 60_000;
const IDLE_MS = 5 * 60_000;
const RAW = { "berth.bench": "raw" };
const LOOP = "import time\nprint('up')\nwhile True: time.sleep(1)";
const COMMAND = ["python3", "-u", "-c", LOOP];

// As users start it; tests store lines sooner.
await using cluster = await ClusterFixture.open({ nodes: 3, env: { LOG_INTERVAL: "30" } });
await using swarm = new SwarmOrchestrator(cluster.lab.managers.map(connectDocker), { labels: {} });
// Not dockerode's own calls: before each, it prints all connections for its debug log, 30 ms of work with eight of them.
const engines = cluster.lab.managers.map((manager) => new DockerodeClient(connectDocker(manager)));

const plainMs = await measureRaw(0, createPlain);
await deploySeed();
const createService = await createSame();
const rawMs: number[] = [];
const botMs: number[] = [];
for (let round = 0; round < rounds; round++) {
  if (round > 0) await removeBots();
  rawMs.push(await measureRaw(1, createService));
  const [ms, spread] = await measureBots();
  botMs.push(ms);
  const raw = rawMs.at(-1)!;
  console.log(`${count} bots: ${seconds(ms)}; by node ${spread}`);
  const times = (ms / raw).toFixed(2);
  console.log(`${count} of the same services by the Swarm alone: ${seconds(raw)}; ${times} times as long`);
}
const ratios = botMs.map((ms, round) => ms / rawMs[round]!);
console.log(`Median of ${rounds}: ${median(ratios).toFixed(2)} times as long (wanted: under 1.3 times)`);
console.log(`${count} services with nothing mounted: ${seconds(plainMs)}`);
const [firstMs, ...otherMs] = await measureLists();
console.log(
  `berth ps of ${count}: ${Math.round(firstMs!)} ms the first time, then ${Math.round(median(otherMs))} ms ` +
    `(median of ${otherMs.length}; wanted: under 50 ms)`,
);
await pause(SETTLE_MS, "until the last lines are stored");
const usedBefore = await processorSeconds(cluster.process().pid);
await pause(IDLE_MS, "Berth has nothing to do");
const share = (await processorSeconds(cluster.process().pid) - usedBefore) / IDLE_MS * 1000 * 100;
console.log(`Berth beside ${count} idle bots: ${share.toFixed(1)} % of a core (wanted: under 5 %)`);

async function measureLists(): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < 6; round++) {
    const beganAt = performance.now();
    await cluster.berth("ps", "--json");
    times.push(performance.now() - beganAt);
  }
  return times;
}

/** @param before How many containers run already. @param create Creates a service. */
async function measureRaw(before: number, create: (name: string) => Promise<unknown>): Promise<number> {
  const limit = new Limiter(8);
  const beganAt = performance.now();
  await Promise.all(
    Array.from({ length: count }, (_, index) => limit.run(() => create(`raw-${index}`))),
  );
  await untilRunning(before + count);
  const tookMs = performance.now() - beganAt;
  const services = await swarm.listContainers({ labels: RAW });
  await Promise.all(services.map(({ id }) => limit.run(() => swarm.remove(id))));
  // The containers of a removed service end one after the other, which takes as long as a start.
  await untilCounted("the end of the raw ones", "Containers", before);
  return tookMs;
}

/** Creates a service that runs the bot's loop, and has nothing else of a bot. */
function createPlain(name: string): Promise<unknown> {
  return swarm.create({
    name,
    image: IMAGES["python3.11"]!,
    command: COMMAND,
    env: {},
    labels: RAW,
    configs: [],
    secrets: [],
    volumes: [],
    tmpfs: [],
    constraints: [],
    network: "host",
    resources: { memoryBytes: 64 * 1024 ** 2, cpuShares: 512, pids: 32 },
    logs: { maxSizeBytes: 1024 ** 2, maxFiles: 2 },
    user: "0:0",
    capabilities: [],
    graceSeconds: 1,
  });
}

/** Returns a function that creates the service of the seed once more, with the loop in place of the supervisor. */
async function createSame(): Promise<(name: string) => Promise<unknown>> {
  const leader = engines[0]!;
  const filters = JSON.stringify({ label: ["runtime.managed=true"] });
  const list = { what: "list services", method: "GET", path: "/services", query: { filters } } as const;
  const [service] = (await leader.call(list, {})).value as { Spec: ServiceSpec }[];
  const spec = service!.Spec;
  const { TaskTemplate } = spec;
  const { Configs, ...own } = TaskTemplate.ContainerSpec as { Configs: { File: { Name: string } }[] };
  // The first container on a node brings the program along; the others do not.
  const usual = Configs.filter(({ File }) => File.Name.endsWith(".sh"));
  const container = { ...own, Configs: usual, Command: COMMAND, Args: [], Labels: RAW };
  // An engine fails to mount configs now and then: `docker service create` has the Swarm try again.
  const RestartPolicy = { Condition: "any" };
  const same = {
    ...spec,
    Labels: RAW,
    TaskTemplate: { ...TaskTemplate, ContainerSpec: container, RestartPolicy },
  };
  const request = { what: "create a service", method: "POST", path: "/services/create" } as const;
  return (name) => leader.call({ ...request, body: { ...same, Name: name } }, {});
}

async function deploySeed(): Promise<void> {
  const folder = `${cluster.temp}/seed`;
  await cluster.berth("init", folder);
  await Deno.writeTextFile(
    `${folder}/main.py`,
    `def main(id, config):\n    ${LOOP.replaceAll("\n", "\n    ")}\n`,
  );
  const { code, output } = await cluster.berth("deploy", folder);
  if (code !== 0) throw new Error(output);
  await untilRunning(1);
}

async function measureBots(): Promise<[ms: number, spread: string]> {
  await using copier = await hubScript(`
    const { _id, ...seed } = await bots.findOne({ id: "seed" });
    await start();
    const copies = Array.from({ length: ${count - 1} }, (_, index) => ({ ...seed, id: "seed-" + index }));
    await bots.insertMany(copies);
    for (const { _id, ...document } of copies) events.publish("the0.bot.created", JSON.stringify(document));`);
  const beganAt = performance.now();
  await copier.start();
  const nodes = await untilRunning(count);
  return [performance.now() - beganAt, nodes];
}

async function removeBots(): Promise<void> {
  await using remover = await hubScript(`
    const copies = await bots.find({ id: { $ne: "seed" } }).toArray();
    await start();
    await bots.deleteMany({ id: { $ne: "seed" } });
    for (const { id } of copies) events.publish("the0.bot.deleted", JSON.stringify({ id }));`);
  await remover.start();
  await untilCounted("the end of the bots", "Containers", 1);
}

/** Runs a script with the documents and the events: MongoDB and NATS answer in the network of the hub alone. */
async function hubScript(script: string) {
  const program = `
    import { connect } from "@nats-io/transport-node";
    import { MongoClient } from "mongodb";
    const events = await connect({ servers: Deno.env.get("NATS_URL") });
    const client = await MongoClient.connect(Deno.env.get("MONGO_URI"));
    const bots = client.db("bot_runner").collection("bots");
    async function start() {
      await Deno.stdout.write(new Uint8Array(1));
      await Deno.stdin.read(new Uint8Array(1));
    }
    ${script}
    await events.drain();
    await client.close();`;
  const child = cluster.lab.hubCommand(Deno.execPath(), {
    args: ["eval", program],
    env: cluster.env,
    cwd: new URL("../../", import.meta.url).pathname,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await child.stdout.getReader().read();
  const input = child.stdin.getWriter();
  return {
    async start() {
      await input.write(new Uint8Array(1));
      if (!(await child.status).success) throw new Error("The documents were not written");
    },
    [Symbol.asyncDispose]: () => input.close().catch(() => {}),
  };
}

async function untilRunning(wanted: number): Promise<string> {
  const running = await untilCounted(`${wanted} containers that run`, "ContainersRunning", wanted);
  return running.toSorted((a, b) => a - b).join("/");
}

/**
 * Waits until all nodes together have a number of containers. Looks twice a second: to list services and tasks, or to
 * look often, would keep the managers from their work.
 *
 * @returns The number of each node.
 */
async function untilCounted(
  what: string,
  which: "Containers" | "ContainersRunning",
  wanted: number,
): Promise<number[]> {
  let counts: number[] = [];
  await until(what, async () => {
    counts = await Promise.all(engines.map(async (engine) => {
      const { value } = await engine.call({ what: "count containers", method: "GET", path: "/info" }, {});
      return (value as Record<typeof which, number>)[which];
    }));
    if (counts.reduce((total, each) => total + each) === wanted) return true;
    await pause(LOOK_MS, "a look takes time of the engines");
    return false;
  }, LIMIT_MS);
  return counts;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
