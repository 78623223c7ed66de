import assert from "node:assert/strict";
import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { systemClock } from "../../../../lib/util/clock.ts";
import { Tokens } from "../../../../services/api/tokens.ts";
import { connectSqlite } from "../../../../services/sqlite/connect_sqlite.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";

/** Time that a test sets, and records that count what they are asked. */
class TokensFixture implements AsyncDisposable {
  readonly tokens: Tokens;
  readonly another: Tokens;
  readonly records: SqliteRecordStore;
  readonly #folder: string;
  readonly #database: DatabaseSync;
  #passedMs = 0;
  #lists = 0;
  #answering: Promise<void> | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#database = connectSqlite(`${folder}/berth.sqlite`);
    this.records = new SqliteRecordStore(this.#database);
    const clock = {
      ...systemClock,
      now: () => Date.now() + this.#passedMs,
      monotonic: () => performance.now() + this.#passedMs,
    };
    this.tokens = new Tokens(this.#count(this.records), clock);
    this.another = new Tokens(this.records, clock);
  }

  static async open(): Promise<TokensFixture> {
    const fixture = new TokensFixture(await Deno.makeTempDir({ prefix: "berth-test-" }));
    await fixture.records.open();
    return fixture;
  }

  #count(records: SqliteRecordStore): SqliteRecordStore {
    return new Proxy(records, {
      get: (target, name) => {
        if (name === "list") {
          this.#lists++;
          // The answer is as old as the read takes.
          return async (...args: Parameters<SqliteRecordStore["list"]>) => {
            const read = await records.list(...args);
            await this.#answering;
            return read;
          };
        }
        const value = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  readonly pass = (ms: number): void => void (this.#passedMs += ms);

  readonly lists = (): number => this.#lists;

  /** Keeps answers of the database back. @returns A function that releases them. */
  readonly hold = (): () => void => {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#answering = promise;
    return () => {
      this.#answering = undefined;
      resolve();
    };
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

const READER = { name: "grafana", role: "read", createdBy: "local" } as const;

Deno.test("Tokens.create() gives a value once, and stores nothing that it could be guessed from", async () => {
  await using fixture = await TokensFixture.open();
  const { tokens, records } = fixture;
  const { token, value } = await tokens.create(READER);
  assert.match(value, new RegExp(`^berth_${token.id}_[A-Za-z0-9_-]{43}$`));
  const stored = JSON.stringify(await records.list("tokens"));
  const random = value.split("_").slice(2).join("_");
  assert.ok(!stored.includes(random.slice(0, 8)), stored);
  assert.ok(!JSON.stringify(await tokens.list()).includes("hash"));
  assert.equal((await tokens.verify(value))!.name, "grafana");
});

Deno.test("Tokens.verify() refuses every value but the whole one, however much of it is right", async () => {
  await using fixture = await TokensFixture.open();
  const { tokens } = fixture;
  const { value } = await tokens.create(READER);
  for (let length = 0; length < value.length; length++) {
    const changed = value[length] === "A" ? "B" : "A";
    for (
      const guess of [
        value.slice(0, length),
        value.slice(0, length) + changed + value.slice(length + 1),
        value.slice(0, length) + changed,
      ]
    ) assert.equal(await tokens.verify(guess), undefined, guess);
  }
  for (
    const guess of [
      `${value} `,
      `${value}A`,
      value.toUpperCase(),
      "",
      "berth__",
      `berth_${"a".repeat(12)}_`,
    ]
  ) {
    assert.equal(await tokens.verify(guess), undefined, guess);
  }
});

Deno.test("Tokens.verify() reads the database once in three seconds, right or wrong", async () => {
  await using fixture = await TokensFixture.open();
  const { tokens, pass, lists } = fixture;
  const { value } = await tokens.create(READER);
  const before = lists();
  const unknown = `berth_${"a".repeat(12)}_${"A".repeat(43)}`;
  const verified = await Promise.all(
    Array.from({ length: 50 }, (_, n) => tokens.verify(n % 2 ? value : unknown)),
  );
  assert.equal(verified.filter(Boolean).length, 25);
  for (let n = 0; n < 5; n++) await tokens.verify(n % 2 ? value : unknown);
  assert.equal(lists() - before, 1);
  pass(3000);
  await Promise.all(Array.from({ length: 50 }, () => tokens.verify(value)));
  assert.equal(lists() - before, 2);
  await tokens.verify("nonsense");
  assert.equal(lists() - before, 2);
});

Deno.test("Tokens.revoke() works at once here, and within five seconds in another process", async () => {
  await using fixture = await TokensFixture.open();
  const { tokens, another, pass } = fixture;
  const { token, value } = await tokens.create(READER);
  assert.ok(await another.verify(value));
  await tokens.revoke(token.id);
  assert.equal(await tokens.verify(value), undefined);
  pass(5000);
  assert.equal(await another.verify(value), undefined);
  await assert.rejects(tokens.revoke(token.id), { code: "token/not-found" });
});

Deno.test("Tokens.verify() does not wait for a read that began before a revocation", async () => {
  await using fixture = await TokensFixture.open();
  const { tokens, hold } = fixture;
  const { token, value } = await tokens.create(READER);
  const release = hold();
  const reading = tokens.verify(value);
  // The database has answered, and the answer is on its way.
  await new Promise(setImmediate);
  await tokens.revoke(token.id);
  release();
  await reading;
  assert.equal(await tokens.verify(value), undefined);
});

Deno.test("Tokens.verify() ends a token at its time, and list() says so", async () => {
  await using fixture = await TokensFixture.open();
  const { tokens, pass } = fixture;
  const { value } = await tokens.create({ ...READER, expiresAt: Date.now() + 60_000 });
  pass(50_000);
  assert.ok(await tokens.verify(value));
  pass(10_000);
  assert.equal(await tokens.verify(value), undefined);
  assert.deepEqual((await tokens.list()).map(({ isExpired }) => isExpired), [true]);
});

Deno.test("Tokens.verify() rejects while the database is down, rather than let a revoked token in", async () => {
  await using fixture = await TokensFixture.open();
  const { tokens, records, pass } = fixture;
  const { value } = await tokens.create(READER);
  assert.ok(await tokens.verify(value));
  await records[Symbol.asyncDispose]();
  assert.ok(await tokens.verify(value));
  pass(3000);
  await assert.rejects(tokens.verify(value), { code: "store/unavailable" });
});

Deno.test("Tokens.create() gives each name once", async () => {
  await using fixture = await TokensFixture.open();
  const { tokens } = fixture;
  await tokens.create(READER);
  await assert.rejects(tokens.create(READER), { code: "token/exists", status: 409 });
  await tokens.create({ ...READER, name: "other" });
  assert.deepEqual((await tokens.list()).map(({ name }) => name), ["grafana", "other"]);
});
