import assert from "node:assert/strict";
import type { ClusterLeases, LeaseRef } from "../../../../lib/cluster/cluster_leases.ts";
import { ClusterPlacement } from "../../../../lib/cluster/cluster_placement.ts";
import { ClusterStarter, type ClusterStarterOptions } from "../../../../lib/cluster/cluster_starter.ts";
import type { NewestState } from "../../../../lib/cluster/supervisor_link.ts";
import { NodePrograms } from "../../../../lib/cluster/node_programs.ts";
import type { SupervisorFile } from "../../../../lib/cluster/supervisor/supervisor_files.ts";
import { SupervisorProgram } from "../../../../lib/cluster/supervisor/supervisor_program.ts";
import type { WorkOrder } from "../../../../lib/cluster/work_orders.ts";
import { LABEL } from "../../../../lib/engine/labels.ts";
import type { SwarmNode } from "../../../../lib/engine/swarm/swarm_answers.ts";
import type { SwarmContainer } from "../../../../lib/engine/swarm/swarm_container_info.ts";
import type { SwarmContainerSpec } from "../../../../lib/engine/swarm/swarm_service_spec.ts";
import { ContainerConflictError, EngineError, EngineUnavailableError } from "../../../../lib/errors.ts";
import { type ExecutableInput, parseExecutable } from "../../../../lib/executable/executable.ts";
import { ContainerOwnership } from "../../../../lib/runner/container_ownership.ts";
import { ExecutableHashes } from "../../../../lib/runner/executable_hashes.ts";
import { OwnContainers } from "../../../../lib/runner/own_containers.ts";
import { parseDockerRunnerConfig } from "../../../../lib/runner/parse_docker_runner_config.ts";
import type { StartContainerOptions } from "../../../../lib/runner/runner.ts";
import { pause, until } from "../../../support/until.ts";

const config = parseDockerRunnerConfig({
  HOME: "/nowhere",
  RUNNER: "swarm",
  MINIO_ENDPOINT: "127.0.0.1:9000",
  MINIO_ACCESS_KEY: "key",
  MINIO_SECRET_KEY: "secret-key",
  BERTH_URLS: "http://10.0.0.5:8420",
  BERTH_INSTANCE: "test",
  STOP_GRACE_SECONDS: "30",
});

const PROGRAM = new SupervisorProgram({ x86_64: new Uint8Array(1_500_000), aarch64: new Uint8Array(1) });

/** A Swarm that keeps what it is asked for, and says what a test wants. */
class StarterWorld {
  readonly specs: SwarmContainerSpec[] = [];
  readonly orders: WorkOrder[] = [];
  readonly released: LeaseRef[] = [];
  readonly discarded: string[] = [];
  /** Called with each service to make; throws instead of the Swarm. */
  onCreate: (spec: SwarmContainerSpec) => void = () => {};
  /** Called for each service that was made, until its container runs. */
  onWait: () => Promise<void> = () => Promise.resolve();
  /** The service that stands under the name. */
  standing: SwarmContainer | undefined;
  newest: NewestState | undefined;
  nodes: SwarmNode[] = [node("node-1", "ready")];
  readonly programs = new NodePrograms(PROGRAM);

  async start(executable: Partial<ExecutableInput> = {}, options: StartContainerOptions = {}) {
    const parsed = parseExecutable({
      id: "grid",
      entrypointFiles: { bot: "main.py" },
      filePath: "me/grid/1",
      config: {},
      ...executable,
    });
    this.#starter ??= this.#makeStarter();
    return await this.#starter.start(parsed, options);
  }

  #starter: ClusterStarter | undefined;

  #makeStarter(): ClusterStarter {
    const ownership = new ContainerOwnership("test");
    const orchestrator = {
      getStatus: () => Promise.resolve(this.standing),
      listContainers: () => Promise.resolve([]),
      async *watch() {},
    };
    const leases: Pick<ClusterLeases, "take" | "release"> = {
      take: (key, owner) => Promise.resolve({ key, owner, epoch: 1, leaseSeconds: 30 }),
      release: (lease) => Promise.resolve(void this.released.push(lease)),
    };
    const parts = {
      config,
      swarm: {
        create: (spec: SwarmContainerSpec) => {
          this.specs.push(spec);
          this.onCreate(spec);
          return Promise.resolve(toContainer(spec));
        },
        getStatus: orchestrator.getStatus,
        waitUntilStarted: () => this.onWait(),
        inspectImage: () => Promise.resolve(undefined),
        secrets: { create: () => Promise.resolve("secret-id") },
        recentNodes: () => Promise.resolve(this.nodes),
      },
      images: { pinned: (image: string) => Promise.resolve(image) },
      leases,
      orders: {
        put: (order: WorkOrder) => {
          this.orders.push(order);
          return Promise.resolve("token");
        },
      },
      placement: new ClusterPlacement(
        { recentNodes: () => Promise.resolve(this.nodes) },
        { newestState: () => Promise.resolve(this.newest) },
      ),
      configs: {
        ensure: (files: readonly SupervisorFile[]) =>
          Promise.resolve(files.map(({ path: target }) => ({ target }))),
      },
      programs: this.programs,
      authority: [],
      code: {
        fetchAndExtract: (_executable: unknown, use: (code: unknown) => Promise<unknown>) =>
          use({ tree: { sha256: "0".repeat(64) }, script: "main.py" }),
      },
      secrets: { resolve: () => Promise.resolve(new Map()) },
      users: { ownerOf: () => Promise.resolve({ uid: 20_001, gid: 20_001 }), isShared: false },
      hashes: new ExecutableHashes(config, "users"),
      ownership,
      containers: new OwnContainers({ orchestrator, ownership }),
      remover: { discardOrder: (order: string) => Promise.resolve(void this.discarded.push(order)) },
    };
    return new ClusterStarter(parts as unknown as ClusterStarterOptions);
  }
}

function toContainer({ name, image, labels }: SwarmContainerSpec): SwarmContainer {
  return { id: "service", name, image, labels, phase: "starting", createdAt: new Date() };
}

function node(Hostname: string, State: string, Architecture = "x86_64"): SwarmNode {
  return {
    ID: Hostname,
    Version: { Index: 1 },
    Spec: { Role: "worker", Availability: "active" },
    Description: { Hostname, Platform: { OS: "linux", Architecture } },
    Status: { State },
  };
}

const STATE = { maxBytes: 40 * 1024 ** 2, keep: 3, everySeconds: 3600 };

Deno.test("a service has the grace of its document, and time for reports and the snapshot of the state", async () => {
  const world = new StarterWorld();
  await world.start({}, { stopGraceSeconds: 120 });
  await world.start();
  await world.start({ state: STATE });
  assert.deepEqual(world.specs.map(({ graceSeconds }) => graceSeconds), [135, 45, 55]);
  assert.deepEqual(world.orders.map(({ graceSeconds }) => graceSeconds), [120, 30, 30]);
});

Deno.test("a start counts until its container runs: nodes do not begin hundreds at once", async () => {
  const world = new StarterWorld();
  const running = Promise.withResolvers<void>();
  world.onWait = () => running.promise;
  const most = 4 * config.startConcurrency;
  const starts = Array.from({ length: most + 1 }, (_, index) => world.start({ id: `grid-${index}` }));
  await Promise.all(starts.slice(0, most));
  await until("the turn of the others", () => world.specs.length === most);
  assert.equal(
    await Promise.race([starts[most], pause(50, "it does not begin").then(() => "waits")]),
    "waits",
  );
  assert.equal(world.specs.length, most);
  running.resolve();
  await starts[most];
  assert.equal(world.specs.length, most + 1);
});

Deno.test("a service that another manager made in time is the bot's own, and keeps order and lease", async () => {
  const world = new StarterWorld();
  world.onCreate = (spec) => {
    world.standing = toContainer(spec);
    throw new ContainerConflictError(spec.name, "one of this name exists");
  };
  const { containerId, created } = await world.start();
  assert.deepEqual([containerId, created], ["service", true]);
  assert.deepEqual([world.discarded, world.released], [[], []]);
});

Deno.test("a start is undone if the Swarm has refused it, or another service has the name", async () => {
  const refusing = new StarterWorld();
  refusing.onCreate = () => {
    throw new EngineError("no such network", 400);
  };
  await assert.rejects(refusing.start(), EngineError);
  const taken = new StarterWorld();
  taken.onCreate = (spec) => {
    const labels = { ...spec.labels, [LABEL.folder]: "another", [LABEL.specHash]: "another" };
    taken.standing = toContainer({ ...spec, labels });
    throw new ContainerConflictError(spec.name, "one of this name exists");
  };
  await assert.rejects(taken.start(), ContainerConflictError);
  for (const { orders, discarded, released } of [refusing, taken]) {
    assert.deepEqual(discarded, orders.map(({ id }) => id));
    assert.deepEqual(released, orders.map(({ lease }) => lease));
  }
});

Deno.test("a service that may exist keeps its order and lease", async () => {
  for (
    const error of [
      new EngineUnavailableError("no answer"),
      new EngineError("rpc error: code = Unknown", 500),
      new DOMException("given up", "AbortError"),
    ]
  ) {
    const world = new StarterWorld();
    world.onCreate = () => {
      throw error;
    };
    await assert.rejects(world.start());
    assert.deepEqual([world.discarded, world.released], [[], []], String(error));
  }
});

Deno.test("a bot starts where the end of its state is, unless that was stored or the node is gone", async () => {
  const constraintsOf = async (newest: NewestState | undefined, nodes = [node("node-1", "ready")]) => {
    const world = new StarterWorld();
    world.newest = newest;
    world.nodes = nodes;
    await world.start({ state: STATE });
    return world.specs[0]!.constraints;
  };
  const newest = { node: "node-1", mark: "order", isStored: false };
  assert.deepEqual(await constraintsOf(newest), ["node.hostname==node-1"]);
  assert.deepEqual(await constraintsOf({ ...newest, isStored: true }), []);
  assert.deepEqual(await constraintsOf(newest, [node("node-1", "down"), node("node-2", "ready")]), []);
  assert.deepEqual(await constraintsOf(undefined), []);
});

Deno.test("a container brings the supervisor along unless each node that it may run on is known to have it", async () => {
  const world = new StarterWorld();
  const start = async (executable: Partial<ExecutableInput> = {}) => {
    await world.start(executable);
    return world.specs.at(-1)!.configs.map(({ target }) => target.replace("/berth-supervisor/", ""));
  };
  /** The supervisor of the last start begins on a node. */
  const begins = (node: string) => world.programs.begun(world.orders.at(-1)!.id, node);
  const x86 = ["supervisor.sh", "x86_64.0", "x86_64.1"];
  world.nodes = [node("node-1", "ready"), node("node-2", "ready"), node("node-3", "ready", "aarch64")];
  assert.deepEqual(await start(), [...x86, "aarch64.0"]);
  begins("node-1");
  begins("node-3"); // a session that is read twice: the start was on one node
  assert.deepEqual(await start(), [...x86, "aarch64.0"]);
  begins("node-3");
  assert.deepEqual(await start(), x86);
  assert.deepEqual(await start({ placement: { constraints: ["node.hostname==node-1"] } }), ["supervisor.sh"]);
  world.nodes = [node("node-1", "ready"), node("node-2", "down"), node("node-3", "ready", "aarch64")];
  assert.deepEqual(await start(), ["supervisor.sh"]);
  // Nothing repeats a run, if its node has lost the program.
  const backtest = { entrypoint: "backtest", entrypointFiles: { backtest: "main.py" } } as const;
  assert.deepEqual(await start(backtest), [...x86, "aarch64.0"]);
  world.programs.missing("node-1");
  assert.deepEqual(await start(), x86);
  // An earlier Berth gave that order, perhaps with another version.
  world.programs.begun("another-order", "node-1");
  assert.deepEqual(await start(), x86);
});
