import assert from "node:assert/strict";
import type { WorkOrder } from "../../../../lib/cluster/work_orders.ts";
import { systemClock } from "../../../../lib/util/clock.ts";
import { connectSqlite } from "../../../../services/sqlite/connect_sqlite.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { hashOfSecrets, SecretChanges } from "../../../../services/supervisors/secret_changes.ts";
import { SessionBook } from "../../../../services/supervisors/session_book.ts";

const ID = "0123456789abcdef0123456789abcdef";
const NONCE = "a".repeat(64);

/** A program that was given a secret, at a time that the test sets. */
async function world(secrets: Readonly<Record<string, string>> | undefined = { KEY: "file:bot/key" }) {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  const database = connectSqlite(`${folder}/berth.sqlite`);
  const records = new SqliteRecordStore(database);
  await records.open();
  const time = { passedMs: 0 };
  const clock = { ...systemClock, monotonic: () => performance.now() + time.passedMs };
  const sessions = new SessionBook(records, clock);
  const order = { id: ID, executable: { id: "bot", secrets } } as unknown as WorkOrder;
  const secretsHash = hashOfSecrets(NONCE, new Map([["KEY", "first"]]));
  await sessions.begin(order, { task: "t", node: "n", nonce: NONCE }, { secretsHash });
  const provider = { value: "first" as string | undefined, reads: 0 };
  const changes = new SecretChanges({
    sessions,
    clock,
    secrets: {
      peek: () => {
        provider.reads++;
        const { value } = provider;
        return Promise.resolve(value === undefined ? undefined : new Map([["KEY", value]]));
      },
    },
  });
  const session = (await sessions.read(ID))!;
  return {
    provider,
    time,
    look: () => changes.look(order, session, NONCE),
    /** A renewal. @returns Whether the secrets have changed since the start. */
    async renew() {
      await changes.look(order, (await sessions.read(ID))!, NONCE);
      return (await sessions.read(ID))!.haveSecretsChanged === true;
    },
    async [Symbol.asyncDispose]() {
      await records[Symbol.asyncDispose]();
      database.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("SecretChanges notices a new value within 30 seconds, and reads none more often", async () => {
  await using program = await world();
  assert.equal(await program.renew(), false);
  program.provider.value = "second";
  assert.equal(await program.renew(), false);
  assert.equal(program.provider.reads, 1);
  program.time.passedMs += 30_000;
  assert.equal(await program.renew(), true);
  program.time.passedMs += 30_000;
  assert.equal(await program.renew(), true);
  assert.equal(program.provider.reads, 2, "it is known already");
});

Deno.test("SecretChanges takes a value that cannot be read for unchanged", async () => {
  await using program = await world();
  program.provider.value = undefined;
  assert.equal(await program.renew(), false);
  program.time.passedMs += 30_000;
  program.provider.value = "second";
  assert.equal(await program.renew(), true);
});

Deno.test("SecretChanges makes no work for a renewal between two comparisons", async () => {
  await using program = await world();
  assert.equal(await program.renew(), false);
  assert.equal(program.look(), undefined, "the next comparison is not due");
  program.time.passedMs += 30_000;
  await program.renew();
  assert.equal(program.provider.reads, 2);
});

Deno.test("SecretChanges reads nothing for a program without secrets", async () => {
  await using program = await world(null as unknown as undefined);
  assert.equal(await program.renew(), false);
  assert.equal(program.provider.reads, 0);
});
