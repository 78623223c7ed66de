import assert from "node:assert/strict";
import type { ManagedContainer } from "../../../../lib/runner/runner.ts";
import { adjustContainer, adjustFailedStart } from "../../../../services/bots/adjust_times.ts";
import { type ActualState, plan } from "../../../../services/bots/plan.ts";
import { Ages } from "../../../../services/control/ages.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const HOUR = 3_600_000;
const BEGIN = 100 * HOUR;
const WANTED = { kind: "run", specHash: "h" } as const;

function container(fields: Partial<ManagedContainer>): ManagedContainer {
  return {
    id: "a",
    containerId: "c",
    containerName: "name",
    image: "image",
    kind: "bot",
    specHash: "h",
    attempt: 1,
    segment: 0,
    phase: "exited",
    createdAt: new Date(BEGIN - 60_000),
    ...fields,
  } as ManagedContainer;
}

/** A bot that has just crashed for the second time in a row: it is started again after 2 s. */
function crashedAt(at: number): ManagedContainer {
  return container({ attempt: 2, startedAt: new Date(at - 50_000), finishedAt: new Date(at) });
}

/** Time until a bot is started, in ms, if it is looked at whenever the plan asks for it. */
async function waitedMs(clock: FakeClock, ages: Ages, one: ManagedContainer): Promise<number> {
  const begin = clock.monotonic();
  while (clock.monotonic() - begin < 3 * HOUR) {
    const containers = [adjustContainer(one, ages)];
    const { actions, againInMs } = plan(WANTED, { containers }, clock.now());
    if (actions.some(({ type }) => type === "start")) return clock.monotonic() - begin;
    await clock.advance(againInMs ?? 1000);
  }
  return Infinity;
}

for (const jump of [-HOUR, HOUR, 0]) {
  Deno.test(`a crashed bot is started in time when the clock is set by ${jump / HOUR} h after its crash`, async () => {
    const clock = new FakeClock(BEGIN);
    const ages = new Ages(clock);
    const crashed = crashedAt(BEGIN);
    adjustContainer(crashed, ages);
    await clock.advance(500);
    clock.set(clock.now() + jump);
    assert.equal(await waitedMs(clock, ages, crashed), 1500);
  });
}

Deno.test("a crashed bot waits no longer than its wait when Berth starts after the clock was set back", async () => {
  const clock = new FakeClock(BEGIN - HOUR);
  assert.equal(await waitedMs(clock, new Ages(clock), crashedAt(BEGIN)), 2000);
});

Deno.test("the rest of a start is removed in time when the clock is set back", async () => {
  const clock = new FakeClock(BEGIN);
  const ages = new Ages(clock);
  const pending = container({ phase: "pending", createdAt: new Date(BEGIN) });
  adjustContainer(pending, ages);
  clock.set(BEGIN - HOUR);
  assert.equal(await waitedMs(clock, ages, pending), 10_000);
});

Deno.test("a start that failed is made again in time when the clock is set back", async () => {
  const clock = new FakeClock(BEGIN);
  const ages = new Ages(clock);
  const condition = { type: "failed", message: "no image" } as const;
  const failed = { specHash: "h", attempt: 1, failedAt: new Date(BEGIN), condition };
  const actual = (): ActualState => ({ containers: [], failedStart: adjustFailedStart("a", failed, ages) });
  assert.equal(plan(WANTED, actual(), clock.now()).againInMs, 1000);
  clock.set(BEGIN - HOUR);
  assert.equal(plan(WANTED, actual(), clock.now()).againInMs, 1000);
  await clock.advance(1000);
  assert.equal(plan(WANTED, actual(), clock.now()).actions[0]?.type, "start");
});

Deno.test("times are left as they are while the clock runs as it should", async () => {
  const clock = new FakeClock(BEGIN);
  const ages = new Ages(clock);
  const crashed = crashedAt(BEGIN - 400);
  for (let i = 0; i < 5; i++) {
    assert.equal(adjustContainer(crashed, ages), crashed);
    await clock.advance(777);
  }
});

Deno.test("a crashed bot that a list showed without its times waits for as long as any other", async () => {
  const clock = new FakeClock(BEGIN);
  const ages = new Ages(clock);
  // As in a list: there its creation, a minute before, is the only time.
  adjustContainer(container({ attempt: 2 }), ages);
  assert.equal(await waitedMs(clock, ages, crashedAt(BEGIN)), 2000);
});
