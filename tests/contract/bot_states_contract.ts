/**
 * The contract of states on any object store, as tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseExecutable } from "../../lib/executable/executable.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import { BotStates } from "../../lib/state/bot_states.ts";
import { SnapshotStore } from "../../lib/state/snapshot_store.ts";
import { StateError } from "../../lib/state/state_error.ts";
import { until } from "../support/until.ts";

/** Where snapshots go in a test: a bucket of its own, which may not exist yet. */
export interface SnapshotPlace extends AsyncDisposable {
  /** The object store. */
  readonly store: ObjectStore;
  /** The bucket. */
  readonly bucket: string;
}

const HOUR_MS = 3_600_000;
const signal = new AbortController().signal;

/** The states of one host, with its snapshots. Its functions may be taken out of the fixture. */
class StatesFixture implements AsyncDisposable {
  readonly temp: string;
  /** Holds the snapshots, in the bucket that follows. */
  readonly store: ObjectStore;
  readonly bucket: string;
  readonly snapshots: SnapshotStore;
  readonly states: BotStates;
  readonly #place: SnapshotPlace;
  #now = Date.parse("2026-01-31T12:00:00Z");

  private constructor(temp: string, place: SnapshotPlace) {
    this.temp = temp;
    this.#place = place;
    this.store = place.store;
    this.bucket = place.bucket;
    this.snapshots = new SnapshotStore(place.store, place.bucket);
    this.states = this.again();
  }

  static async open(place: SnapshotPlace): Promise<StatesFixture> {
    return new StatesFixture(await Deno.makeTempDir({ prefix: "berth-test-" }), place);
  }

  /** Moves the time on. */
  readonly pass = (ms: number): void => void (this.#now += ms);

  /** Starts the bot as a runner does. @returns Its folder. */
  readonly start = (id: string, version = "1"): Promise<string> =>
    this.states.prepare(
      parseExecutable({
        id,
        version,
        entrypointFiles: { bot: "main.py" },
        filePath: `${id}/${version}`,
        state: { maxBytes: 1024 * 1024, keep: 3, everySeconds: 86_400 },
      }),
      {},
    );

  /** Another process on the same folders. */
  readonly again = (): BotStates =>
    new BotStates({
      root: `${this.temp}/state`,
      instance: "test",
      snapshots: this.snapshots,
      live: {
        find: () => Promise.resolve(undefined),
        read: () => {
          throw new Error("nothing runs");
        },
      },
      makeLinks: async (folder, links) => {
        for (const [path, target] of links) await Deno.symlink(target, `${folder}/${path}`);
      },
      empty: () => Promise.reject(new Error("there is no engine")),
      now: () => this.#now += 1,
    });

  readonly write = (folder: string, name: string, text: string): Promise<void> =>
    Deno.writeTextFile(`${folder}/${name}`, text);

  readonly read = (folder: string, name: string): Promise<string> => Deno.readTextFile(`${folder}/${name}`);

  async [Symbol.asyncDispose](): Promise<void> {
    await this.states[Symbol.asyncDispose]();
    await this.#place[Symbol.asyncDispose]();
    await Deno.remove(this.temp, { recursive: true });
  }
}

async function rejects(work: Promise<unknown>, problem: string, text: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof StateError, String(error));
    assert.equal(error.problem, problem);
    assert.match(error.message, text);
    return true;
  });
}

/**
 * Declares the tests.
 *
 * @param name Name of the object store, for the names of the tests.
 * @param make Makes a place for the snapshots of one test.
 */
export function testBotStatesContract(name: string, make: () => Promise<SnapshotPlace>): void {
  const test = (what: string, work: () => Promise<void>) => Deno.test(`BotStates on ${name} ${what}`, work);

  test("keeps a folder over starts, closed to other users", async () => {
    await using fixture = await StatesFixture.open(await make());
    const { start, write, read, again } = fixture;
    const folder = await start("a");
    assert.equal((await Deno.stat(folder)).mode! & 0o777, 0o700);
    await write(folder, "position", "3");
    assert.equal(await start("a"), folder);
    assert.equal(await read(folder, "position"), "3");
    await using other = again();
    assert.equal((await other.about("a", signal)).folder, folder);
  });

  test("makes a snapshot after a stop, before a new version and after the interval, unless nothing changed", async () => {
    await using fixture = await StatesFixture.open(await make());
    const { states, start, write, pass } = fixture;
    const reasons = async () =>
      (await states.about("a", signal)).snapshots.map(({ reason, consistency, version }) =>
        `${reason} ${consistency} ${version}`
      );
    const folder = await start("a");
    await write(folder, "position", "1");
    await states.stopped("a");
    assert.deepEqual(await reasons(), ["stop clean 1"]);
    await states.stopped("a");
    await start("a");
    assert.deepEqual(await reasons(), ["stop clean 1"]);
    await write(folder, "position", "22");
    await start("a", "2");
    assert.deepEqual(await reasons(), ["new-version clean 1", "stop clean 1"]);
    await write(folder, "position", "333");
    pass(23 * HOUR_MS);
    await start("a", "2");
    assert.equal((await reasons()).length, 2);
    pass(2 * HOUR_MS);
    await start("a", "2");
    assert.deepEqual(await reasons(), ["interval clean 2", "new-version clean 1", "stop clean 1"]);
  });

  test("brings snapshots to the object store, and keeps the newest ones", async () => {
    await using fixture = await StatesFixture.open(await make());
    const { states, start, write, snapshots, store, bucket } = fixture;
    const folder = await start("a");
    for (const text of ["1", "22", "333", "4444"]) {
      await write(folder, "position", text);
      await states.stopped("a");
    }
    assert.equal((await snapshots.list("a")).length, 0);
    assert.equal((await states.about("a", signal)).snapshots.filter(({ isStored }) => !isStored).length, 4);
    states.supervise([]);
    const waiting = () => Array.fromAsync(Deno.readDir(`${folder}/../outbox`));
    const archives = async () =>
      (await Array.fromAsync(store.listKeys(bucket, "a/state/"))).filter((key) => key.endsWith(".tar.gz"));
    await until("an empty outbox", async () => (await waiting()).length === 0);
    await until("three archives", async () => (await archives()).length === 3);
    assert.equal((await snapshots.list("a")).length, 3);
  });

  test("restores files, folders and links of a snapshot, and keeps what it replaces", async () => {
    await using fixture = await StatesFixture.open(await make());
    const { states, start, write, read } = fixture;
    const folder = await start("a");
    const long = `deep/${"x".repeat(120)}/日本`;
    await Deno.mkdir(`${folder}/${long}`, { recursive: true });
    await write(folder, `${long}/größe.json`, "{}");
    await write(folder, "run.sh", "#!/bin/sh\n");
    await Deno.chmod(`${folder}/run.sh`, 0o755);
    await Deno.symlink("/etc/passwd", `${folder}/outside`);
    await Deno.link(`${folder}/run.sh`, `${folder}/same.sh`);
    await Deno.writeFile(`${folder}/big`, new Uint8Array(300_000).map((_, at) => at % 251));
    const { name, files, leftOut } = await states.snapshot("a", signal);
    assert.deepEqual([files, leftOut], [3, 0]);
    await Deno.remove(`${folder}/deep`, { recursive: true });
    await write(folder, "run.sh", "changed");
    const [snapshot] = (await states.about("a", signal)).snapshots;
    assert.deepEqual(await states.restore("a", { kind: "snapshot", snapshot: snapshot! }, signal), {
      isPending: false,
    });
    const restored = await start("a");
    assert.notEqual(restored, folder);
    assert.equal(await read(restored, `${long}/größe.json`), "{}");
    assert.equal(await read(restored, "same.sh"), "#!/bin/sh\n");
    assert.equal((await Deno.stat(`${restored}/run.sh`)).mode! & 0o777, 0o755);
    assert.equal(await Deno.readLink(`${restored}/outside`), "/etc/passwd");
    assert.deepEqual(
      await Deno.readFile(`${restored}/big`),
      new Uint8Array(300_000).map((_, at) => at % 251),
    );
    const { snapshots } = await states.about("a", signal);
    assert.deepEqual(snapshots.map(({ reason }) => reason), ["before-restore", "request"]);
    assert.equal(snapshots[1]!.name, name);
    // The folder that was replaced is gone: its content is in a snapshot.
    await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
  });

  test("refuses a damaged snapshot and one of another bot, and changes nothing", async () => {
    await using fixture = await StatesFixture.open(await make());
    const { states, start, write, store, read, bucket } = fixture;
    const folder = await start("a");
    await write(folder, "position", "1");
    const snapshot = await states.snapshot("a", signal);
    await start("b");
    const restore = (id: string) => states.restore(id, { kind: "snapshot", snapshot }, signal);
    await rejects(restore("b"), "of-another-bot", /snapshot of bot 'a', not of 'b'/);
    const key = `a/state/${snapshot.name}.tar.gz`;
    const bytes = await new Response((await store.get(bucket, key)).body).bytes();
    await store.put(bucket, key, bytes.subarray(0, bytes.length / 2));
    await rejects(restore("a"), "damaged", /has \d+ of \d+ bytes.*Nothing was changed/);
    await store.put(bucket, key, bytes.map((byte, at) => at === bytes.length - 1 ? byte ^ 1 : byte));
    await rejects(restore("a"), "damaged", /SHA-256/);
    await store.delete(bucket, key);
    await rejects(restore("a"), "damaged", /not in the object store/);
    assert.equal(await start("a"), folder);
    assert.equal(await read(folder, "position"), "1");
  });

  test("refuses to start with an empty state where one was", async () => {
    await using fixture = await StatesFixture.open(await make());
    const { states, start, write, temp, read } = fixture;
    const folder = await start("a");
    await write(folder, "position", "1");
    const snapshot = await states.snapshot("a", signal);
    await Deno.remove(`${temp}/state`, { recursive: true });
    await rejects(start("a"), "missing", /is gone from .*berth state restore a.*--empty/);
    await states.restore("a", { kind: "snapshot", snapshot }, signal);
    assert.equal(await read(await start("a"), "position"), "1");
    await Deno.remove(`${temp}/state`, { recursive: true });
    await states.restore("a", { kind: "empty" }, signal);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(await start("a"))), []);
  });

  test("removes folder and snapshots, and nothing of other bots", async () => {
    await using fixture = await StatesFixture.open(await make());
    const { states, start, write, store, temp, bucket } = fixture;
    for (const id of ["a", "a2"]) {
      await write(await start(id), "position", "1");
      await states.snapshot(id, signal);
    }
    assert.equal(await states.remove("a", signal), 1);
    assert.deepEqual(
      (await Array.fromAsync(store.listKeys(bucket, ""))).map((key) => key.split("/")[0]),
      ["a2", "a2", "a2"],
    );
    assert.deepEqual((await Array.fromAsync(Deno.readDir(`${temp}/state`))).map(({ name }) => name), ["a2"]);
    assert.equal(await states.remove("a", signal), 0);
  });

  test("does not start a bot that was stopped for its size until its state is smaller", async () => {
    await using fixture = await StatesFixture.open(await make());
    const { states, start, write } = fixture;
    const folder = await start("a");
    await write(folder, "history", "x".repeat(950_000));
    await states.measure("a", 1024 * 1024, signal);
    assert.match(states.noteOf("a")!, /takes 1 MB and may take 1 MB/);
    await write(folder, "history", "x".repeat(1_500_000));
    const { bytes } = await states.measure("a", 1024 * 1024, signal);
    await states.reportOver("a", bytes);
    await rejects(start("a"), "over-limit", /takes 2 MB and may take 1 MB.*max_mb/);
    await write(folder, "history", "x");
    await start("a");
  });
}
