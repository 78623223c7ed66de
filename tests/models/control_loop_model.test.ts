/**
 * The work queue and the plan together, against a model of an engine, under random changes, crashes, failed
 * starts and deaths of Berth itself.
 */

import assert from "node:assert/strict";
import type { ManagedContainer } from "../../lib/runner/runner.ts";
import type { FailedStart } from "../../services/bots/restart_policy.ts";
import type { DesiredState } from "../../services/bots/desired_state.ts";
import { type Action, plan } from "../../services/bots/plan.ts";
import { type WorkFailure, WorkQueue } from "../../services/control/work_queue.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { type SeededRandom, seededRandom } from "../support/seeded_random.ts";

const BOTS = Array.from({ length: 8 }, (_, index) => `bot-${index}`);
const HASHES = ["h1", "h2", "h3"];

/** The error that an injected fault throws; anything else is a failed assertion. */
class ExpectedError extends Error {}

/** An engine whose names are unique, as the real one's; it counts what must never happen. */
class ModelEngine {
  readonly #containers = new Map<string, ManagedContainer>();
  readonly #clock: FakeClock;
  readonly startsInFlight = new Map<string, number>();
  /** Starts of each bot: their time, what was started, and their number in a row of starts. */
  readonly starts: {
    readonly id: string;
    readonly at: number;
    readonly specHash: string;
    attempt: number;
  }[] = [];
  #created = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  list(id?: string): ManagedContainer[] {
    return [...this.#containers.values()].filter((one) => id === undefined || one.id === id);
  }

  /** Creates, takes its time, then starts; a death in between leaves the container created. */
  async start(id: string, specHash: string, attempt: number, ms: number, signal: AbortSignal): Promise<void> {
    assert.ok(!this.startsInFlight.get(id), `two starts of ${id} at once`);
    assert.deepEqual(this.list(id), [], `the name of ${id} is taken`);
    const containerId = `c${this.#created++}`;
    const at = this.#clock.now();
    const base = { id, containerId, containerName: id, image: "image", segment: 0, specHash, attempt };
    const created = { ...base, kind: "bot", phase: "pending", createdAt: new Date(at) } as const;
    this.starts.push({ id, at, specHash, attempt });
    this.startsInFlight.set(id, 1);
    this.#containers.set(containerId, created);
    try {
      await this.#clock.sleep(ms, signal);
      const startedAt = new Date(this.#clock.now());
      // Somebody may have removed it by hand meanwhile.
      if (this.#containers.has(containerId)) {
        this.#containers.set(containerId, { ...created, phase: "running", startedAt });
      }
    } finally {
      this.startsInFlight.delete(id);
    }
  }

  async stop(containerId: string, ms: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal);
    this.#containers.delete(containerId);
  }

  remove(containerId: string): void {
    this.#containers.delete(containerId);
  }

  crash(containerId: string): void {
    const one = this.#containers.get(containerId)!;
    if (one.phase !== "running") return;
    const finishedAt = new Date(this.#clock.now());
    this.#containers.set(containerId, { ...one, phase: "exited", exitCode: 1, finishedAt });
  }
}

/** One life of Berth: from its start until it is killed. */
class ModelBerth {
  readonly queue: WorkQueue;
  readonly #failedStarts = new Map<string, FailedStart>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    const { clock, random } = world;
    const handle = (id: string, signal: AbortSignal) => this.#pass(id, signal);
    const onError = ({ error }: WorkFailure) => {
      if (!(error instanceof ExpectedError)) world.broken.push(error);
    };
    this.queue = new WorkQueue({ handle, onError, clock, random: random.next, concurrency: 4 });
    this.resync();
  }

  resync(): void {
    for (const id of BOTS) this.queue.add(id);
  }

  async #pass(id: string, signal: AbortSignal): Promise<{ againInMs?: number }> {
    const { engine, documents, clock, random, isCalm } = this.#world;
    if (!isCalm() && random.next() < 0.1) throw new ExpectedError("the store does not answer");
    const desired = documents.get(id);
    const failedStart = this.#failedStarts.get(id);
    const actual = { containers: engine.list(id), ...(failedStart && { failedStart }) };
    const { actions, againInMs } = plan(desired, actual, clock.now());
    this.#assertNoNeedlessStop(desired, actual.containers, actions);
    for (const action of actions) {
      if (!isCalm()) await clock.sleep(random.below(50), signal);
      if (action.type === "stop") await engine.stop(action.containerId, random.below(3000), signal);
      if (action.type === "remove") engine.remove(action.containerId);
      if (action.type === "start") {
        assert.ok(desired?.kind === "run");
        const failed = await this.#start(id, desired.specHash, action.attempt, signal);
        if (failed) return { againInMs: plan(desired, failed, clock.now()).againInMs ?? 0 };
      }
    }
    return againInMs === undefined ? {} : { againInMs };
  }

  async #start(id: string, specHash: string, attempt: number, signal: AbortSignal) {
    const { engine, clock, random, isCalm } = this.#world;
    this.#failedStarts.delete(id);
    if (isCalm() || random.next() < 0.7) {
      await engine.start(id, specHash, attempt, random.below(400), signal);
      return undefined;
    }
    const condition = random.pick(
      [
        { type: "waiting", for: "the object store" },
        { type: "failed", message: "not a ZIP" },
      ] as const,
    );
    const failedStart = { specHash, attempt, failedAt: new Date(clock.now()), condition };
    this.#failedStarts.set(id, failedStart);
    return { containers: [], failedStart };
  }

  #assertNoNeedlessStop(
    desired: DesiredState,
    containers: readonly ManagedContainer[],
    actions: readonly Action[],
  ): void {
    const ended = new Set(actions.flatMap((action) => action.type === "start" ? [] : [action.containerId]));
    for (const { containerId, phase, specHash, id } of containers) {
      const mayEnd = desired?.kind === "run" ? specHash !== desired.specHash : desired?.kind !== "invalid";
      if (phase === "running" && !mayEnd) assert.ok(!ended.has(containerId), `${id} was stopped for nothing`);
    }
  }
}

interface World {
  readonly clock: FakeClock;
  readonly random: SeededRandom;
  readonly engine: ModelEngine;
  readonly documents: Map<string, DesiredState>;
  readonly isCalm: () => boolean;
  /** Assertions that failed inside a pass. */
  readonly broken: unknown[];
}

function randomDesired(random: SeededRandom): DesiredState {
  const chance = random.next();
  if (chance < 0.6) return { kind: "run", specHash: random.pick(HASHES) };
  if (chance < 0.75) return { kind: "disabled" };
  if (chance < 0.85) return { kind: "invalid", reason: "no custom" };
  return undefined;
}

/** Changes something at random. Berth gets an event for most changes, and finds the others at the next resync. */
function happen({ random, engine, documents }: World, berth: ModelBerth): void {
  const chance = random.next();
  const running = engine.list().filter(({ phase }) => phase === "running");
  if (chance < 0.4) {
    const id = random.pick(BOTS);
    documents.set(id, randomDesired(random));
    if (random.next() < 0.8) berth.queue.add(id);
  } else if (chance < 0.7 && running.length > 0) {
    const { id, containerId } = random.pick(running);
    if (random.next() < 0.9) engine.crash(containerId);
    else engine.remove(containerId);
    if (random.next() < 0.8) berth.queue.add(id);
  } else if (chance < 0.8) {
    berth.resync();
  }
}

function newWorld(seed: number): World & { calm: () => void } {
  const clock = new FakeClock(Date.parse("2025-01-01T00:00:00Z"));
  let isCalm = false;
  return {
    clock,
    random: seededRandom(seed),
    engine: new ModelEngine(clock),
    documents: new Map(),
    broken: [],
    isCalm: () => isCalm,
    calm: () => isCalm = true,
  };
}

for (let seed = 1; seed <= 25; seed++) {
  Deno.test(`the control loop ends in exactly the desired set, whatever happened (seed ${seed})`, async () => {
    const world = newWorld(seed);
    const { clock, random, engine, documents } = world;
    let berth = new ModelBerth(world);
    for (let step = 0; step < 300; step++) {
      happen(world, berth);
      if (random.next() < 0.5) await clock.advance(random.below(2000));
      if (random.next() < 0.03) {
        // Work in progress is cut off: created containers stay, failures are forgotten.
        await berth.queue[Symbol.asyncDispose]();
        berth = new ModelBerth(world);
      }
    }
    world.calm();
    berth.resync();
    // The longest backoff, and the minute after which a half-started container is replaced.
    await clock.advance(7 * 60_000);
    for (const id of BOTS) {
      const desired = documents.get(id);
      const found = engine.list(id).map(({ phase, specHash }) => `${phase} ${specHash}`);
      if (desired?.kind === "run") assert.deepEqual(found, [`running ${desired.specHash}`], id);
      else if (desired?.kind !== "invalid") assert.deepEqual(found, [], id);
    }
    assert.equal(clock.sleepers, 0, "nothing is left to be done");
    assert.deepEqual(world.broken, []);
    const starts = engine.starts.length;
    assert.ok(starts > 50, `only ${starts} starts were tried`);
    berth.resync();
    await clock.advance(1000);
    assert.equal(engine.starts.length, starts, "an idle resync starts nothing");
    await berth.queue[Symbol.asyncDispose]();
  });
}

Deno.test("the control loop starts a crashing bot at 0, 1, 3, 7, 15 s, also across deaths of Berth, and no other late", async () => {
  const world = newWorld(1);
  const { clock, engine, documents } = world;
  world.calm();
  const begin = clock.now();
  documents.set("bot-0", { kind: "run", specHash: "h1" });
  let berth = new ModelBerth(world);
  let deaths = 0;
  for (let elapsed = 0; elapsed < 70_000; elapsed += 100) {
    await clock.advance(100);
    for (const { id, containerId, phase } of engine.list()) {
      if (id !== "bot-0" || phase !== "running") continue;
      engine.crash(containerId);
      berth.queue.add(id);
    }
    // One that dies in the middle of a start leaves a half-started container: that is the other test's.
    if (elapsed % 2000 === 0 && engine.startsInFlight.size === 0) {
      deaths++;
      await berth.queue[Symbol.asyncDispose]();
      berth = new ModelBerth(world);
    }
    if (elapsed === 20_000) {
      documents.set("bot-1", { kind: "run", specHash: "h1" });
      berth.queue.add("bot-1");
    }
  }
  await berth.queue[Symbol.asyncDispose]();
  const startsOf = (id: string) => engine.starts.filter((start) => start.id === id);
  const gaps = startsOf("bot-0").map(({ at }, index, all) =>
    index === 0 ? at - begin : at - all[index - 1]!.at
  );
  assert.deepEqual(world.broken, []);
  assert.ok(deaths > 25);
  assert.equal(gaps.length, 7);
  for (const [index, gap] of gaps.entries()) {
    const policy = index === 0 ? 0 : 1000 * 2 ** (index - 1);
    // A start takes up to 400 ms, and this test looks every 100 ms.
    assert.ok(gap >= policy && gap <= policy + 600, `gap ${index} is ${gap} ms`);
  }
  assert.deepEqual(startsOf("bot-0").map(({ attempt }) => attempt), [1, 2, 3, 4, 5, 6, 7]);
  assert.equal(startsOf("bot-1")[0]!.at - begin, 20_100);
});
