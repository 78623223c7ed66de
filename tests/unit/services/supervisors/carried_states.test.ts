import assert from "node:assert/strict";
import { newOrderId, type WorkOrder } from "../../../../lib/cluster/work_orders.ts";
import { parseExecutable } from "../../../../lib/executable/executable.ts";
import { createObjectStore } from "../../../../lib/runner/create_object_store.ts";
import { SnapshotStore } from "../../../../lib/state/snapshot_store.ts";
import { parseServiceConfig } from "../../../../services/config.ts";
import { openStores } from "../../../../services/stores.ts";
import { CarriedStates } from "../../../../services/supervisors/carried_states.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const BUCKET = "bot-state";
const { signal } = new AbortController();

/** The states of bot `grid`, which keeps one snapshot, on the embedded default. */
class StatesFixture implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    readonly states: CarriedStates,
    readonly snapshots: SnapshotStore,
    readonly put: (name: string) => Promise<void>,
    clock: FakeClock,
    stack: AsyncDisposableStack,
  ) {
    this.clock = clock;
    this.#stack = stack;
  }

  static async open(): Promise<StatesFixture> {
    await using stack = new AsyncDisposableStack();
    const temp = await Deno.makeTempDir({ prefix: "berth-test-" });
    stack.defer(() => Deno.remove(temp, { recursive: true }));
    const config = parseServiceConfig({ HOME: temp, TEMP_DIR: `${temp}/t`, DATA_DIR: `${temp}/d` });
    const { records } = stack.use(await openStores(config));
    await records.open();
    const store = createObjectStore(config.runner);
    const snapshots = new SnapshotStore(store, BUCKET);
    const clock = new FakeClock(Date.parse("2026-01-31T12:00:00Z"));
    const states = new CarriedStates({ records, store, snapshots, bucket: BUCKET, clock });
    const put = async (name: string) => {
      const { bucket, key } = states.placeOf("grid", name);
      await store.put(bucket, key, new Uint8Array([1]));
    };
    return new StatesFixture(states, snapshots, put, clock, stack.move());
  }

  /** Stores a snapshot as the supervisor of an order does. @returns Its name. */
  async store(order: WorkOrder): Promise<string> {
    await this.clock.advance(1000);
    const { name } = await this.states.open(order);
    await this.put(name);
    await this.states.close(order, name, {
      reason: "stop",
      consistency: "clean",
      files: 1,
      bytes: 1,
      leftOut: 0,
      archiveBytes: 1,
      sha256: "0".repeat(64),
    });
    return name;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function order(): WorkOrder {
  return {
    id: newOrderId(),
    kind: "bot",
    executable: parseExecutable({
      id: "grid",
      entrypointFiles: { bot: "main.py" },
      filePath: "me/grid/1",
      state: { maxBytes: 1e6, keep: 1, everySeconds: 3600 },
    }),
    specHash: "h",
    lease: { key: "bot/grid", owner: "o", epoch: 9, leaseSeconds: 30 },
    leaseMode: "strict",
    user: { uid: 1000, gid: 1000 },
    code: { key: "me/grid/1", sha256: "0".repeat(64), script: "main.py" },
    graceSeconds: 30,
    givenAt: "2026-01-31T09:00:00Z",
  };
}

Deno.test("CarriedStates: a snapshot that waits to be restored outlives the snapshot of the stop", async () => {
  await using fixture = await StatesFixture.open();
  const { states, snapshots } = fixture;
  const [first, second] = [order(), order()];
  await states.begun(first, "node-1", undefined);
  const wanted = await fixture.store(first);
  await states.change("grid", (place) => ({ ...place, restore: { id: "r1", snapshot: wanted } }));
  await fixture.store(first);
  const settings = await states.settings(second, signal);
  assert.equal((settings?.snapshot as { readonly name: string }).name, wanted);
  assert.equal(settings?.restore, "r1");

  // Meanwhile, an operator asks for the same snapshot once more.
  await states.change("grid", (place) => ({ ...place, restore: { id: "r2", snapshot: wanted } }));
  await states.begun(second, "node-1", "r1");
  assert.equal((await states.place("grid")).restore?.id, "r2");
  await states.begun(second, "node-1", "r2");
  assert.equal((await states.place("grid")).restore, undefined);
  const last = await fixture.store(second);
  assert.deepEqual((await snapshots.list("grid")).map(({ name }) => name), [last]);
});

Deno.test("CarriedStates: a start refuses to begin without the snapshot that it has to restore", async () => {
  await using fixture = await StatesFixture.open();
  const { states } = fixture;
  await fixture.store(order());
  const snapshot = "20200101T000000000Z";
  await states.change("grid", (place) => ({ ...place, restore: { id: "r1", snapshot } }));
  await assert.rejects(states.settings(order(), signal), {
    status: 424,
    message: /Snapshot 20200101T000000000Z, .* is not in the object store\. .*berth state ls grid/,
  });
  await states.change("grid", (place) => ({ ...place, restore: { id: "r2" } }));
  const settings = await states.settings(order(), signal);
  assert.deepEqual([settings?.restore, settings?.snapshot], ["r2", undefined]);
});

Deno.test("CarriedStates: the newest state is stored once the start that has it says so", async () => {
  await using fixture = await StatesFixture.open();
  const { states } = fixture;
  const [first, second] = [order(), order()];
  assert.equal(await states.newest("grid"), undefined);
  await states.begun(first, "node-1", undefined);
  assert.deepEqual(await states.newest("grid"), { node: "node-1", mark: first.id, isStored: false });
  await states.stored(first);
  assert.equal((await states.newest("grid"))?.isStored, true);
  await states.begun(second, "node-2", undefined);
  assert.deepEqual(await states.newest("grid"), { node: "node-2", mark: second.id, isStored: false });
  await states.change("grid", (place) => ({ ...place, restore: { id: "r" } }));
  assert.equal((await states.newest("grid"))?.isStored, true);
});
