import assert from "node:assert/strict";
import type { ManagedContainer } from "../../../../lib/runner/runner.ts";
import { EngineError, EngineUnavailableError } from "../../../../lib/errors.ts";
import { UsageSampler } from "../../../../services/metrics/usage_sampler.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { until } from "../../../support/until.ts";

const NEVER = new AbortController().signal;

/** An engine that counts what it is asked. */
class Engine {
  lists = 0;
  calls = 0;
  atOnce = 0;
  maxAtOnce = 0;
  failWith: ((id: string) => Error | undefined) | undefined;
  readonly #ids: readonly string[];

  constructor(count: number) {
    this.#ids = Array.from({ length: count }, (_, n) => `bot-${n}`);
  }

  listManagedContainers(): Promise<ManagedContainer[]> {
    this.lists++;
    const at = new Date(0);
    return Promise.resolve(
      this.#ids.map((id) =>
        ({
          id,
          containerId: `c-${id}`,
          containerName: id,
          kind: "bot",
          phase: "running",
          attempt: 1,
          createdAt: at,
        }) as unknown as ManagedContainer
      ),
    );
  }

  async getUsage({ id }: ManagedContainer) {
    this.calls++;
    this.maxAtOnce = Math.max(this.maxAtOnce, ++this.atOnce);
    await Promise.resolve();
    this.atOnce--;
    const error = this.failWith?.(id);
    if (error) throw error;
    return { time: new Date(0), cpuSeconds: 1, memoryBytes: 2 };
  }
}

Deno.test("UsageSampler.latest() asks the engine in the background, not more often than is cheap", async () => {
  const engine = new Engine(500);
  const clock = new FakeClock();
  await using sampler = new UsageSampler({ runner: engine, clock });
  sampler.latest();
  await until("the first measurement", () => sampler.latest()?.usages.length === 500);
  for (let n = 0; n < 20; n++) sampler.latest();
  assert.equal(engine.calls, 500);
  assert.ok(engine.maxAtOnce <= 64, `${engine.maxAtOnce} calls at once`);
  await clock.advance(29_000);
  sampler.latest();
  assert.equal(engine.calls, 500);
  await clock.advance(2000);
  const old = sampler.latest();
  assert.equal(old!.ageMs, 31_000);
  await until("the next measurement", () => sampler.latest()!.ageMs < 31_000);
  assert.equal(engine.calls, 1000);
});

Deno.test("UsageSampler asks nothing while nobody looks, and forgets what is old", async () => {
  const engine = new Engine(2);
  const clock = new FakeClock();
  await using sampler = new UsageSampler({ runner: engine, clock });
  await sampler.measure(NEVER);
  assert.equal(engine.calls, 2);
  await clock.advance(6 * 60_000);
  assert.equal(engine.calls, 2);
  engine.failWith = () => new EngineUnavailableError("gone");
  assert.equal(sampler.latest(), undefined);
});

Deno.test("UsageSampler.measure() is shared by all who look at the same time", async () => {
  const engine = new Engine(3);
  await using sampler = new UsageSampler({ runner: engine, clock: new FakeClock() });
  const all = await Promise.all([sampler.measure(NEVER), sampler.measure(NEVER)]);
  assert.equal(all[0].length, 3);
  await sampler.measure(NEVER);
  assert.equal(engine.lists, 1);
});

Deno.test("UsageSampler leaves out what the engine refuses to measure, and ends when it does not answer", async () => {
  const engine = new Engine(200);
  await using sampler = new UsageSampler({ runner: engine, clock: new FakeClock() });
  engine.failWith = (id) => id === "bot-7" ? new EngineError("is being removed", 409) : undefined;
  assert.equal((await sampler.measure(NEVER)).length, 199);
  engine.calls = 0;
  await using other = new UsageSampler({ runner: engine, clock: new FakeClock() });
  engine.failWith = () => new EngineUnavailableError("gone");
  await assert.rejects(other.measure(NEVER), EngineUnavailableError);
  assert.ok(engine.calls < 150, `${engine.calls} calls`);
});
