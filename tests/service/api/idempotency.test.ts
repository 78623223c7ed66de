import assert from "node:assert/strict";
import type { DatabaseSync } from "node:sqlite";
import { systemClock } from "../../../lib/util/clock.ts";
import { Idempotency } from "../../../services/api/idempotency.ts";
import type { ApiRequest, ApiResponse } from "../../../services/api/handlers.ts";
import { ApiProblem } from "../../../services/api/api_problem.ts";
import type { OperationId } from "../../../services/contract/operations.ts";
import { connectSqlite } from "../../../services/sqlite/connect_sqlite.ts";
import { SqliteRecordStore } from "../../../services/sqlite/sqlite_record_store.ts";
import { ApiFixture } from "../../support/fixtures/api_fixture.ts";

interface Call {
  readonly key?: string;
  readonly id?: string;
  readonly caller?: string;
  readonly operation?: OperationId;
}

/** Counts how often a handler runs. */
class KeysFixture implements AsyncDisposable {
  readonly #folder: string;
  readonly #database: DatabaseSync;
  readonly #records: SqliteRecordStore;
  readonly #clock = { ...systemClock, now: () => Date.now() + this.#passedMs };
  #idempotency: Idempotency;
  #runs = 0;
  #passedMs = 0;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#database = connectSqlite(`${folder}/berth.sqlite`);
    this.#records = new SqliteRecordStore(this.#database);
    this.#idempotency = new Idempotency(this.#records, this.#clock);
  }

  static async open(): Promise<KeysFixture> {
    const fixture = new KeysFixture(await Deno.makeTempDir({ prefix: "berth-test-" }));
    await fixture.#records.open();
    return fixture;
  }

  readonly #one = (): Promise<ApiResponse<unknown>> => {
    const body = { run: ++this.#runs, big: 2n ** 60n };
    return Promise.resolve({ status: 202, body, headers: { etag: '"x"' } });
  };

  readonly call = async (
    { key = "key", id = "one", caller = "local", operation = "restartBot" }: Call,
    handler: () => Promise<ApiResponse<unknown>> = this.#one,
  ): Promise<ApiResponse<unknown>> => {
    const request = {
      params: { id },
      caller: { name: caller, role: "operate", from: "unix" },
      header: (name: string) => name === "idempotency-key" ? key : undefined,
    } as unknown as ApiRequest<OperationId>;
    return await this.#idempotency.around(operation, request, handler) as ApiResponse<unknown>;
  };

  readonly restarted = (): void => void (this.#idempotency = new Idempotency(this.#records, this.#clock));

  readonly runs = (): number => this.#runs;

  readonly pass = (ms: number): void => void (this.#passedMs += ms);

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

Deno.test("the same key and request give the first answer, after a restart too", async () => {
  await using fixture = await KeysFixture.open();
  const { call, runs, restarted } = fixture;
  const first = await call({});
  restarted();
  const again = await call({});
  assert.equal(runs(), 1);
  assert.deepEqual([again.status, again.body], [first.status, first.body]);
  assert.deepEqual(again.headers, { etag: '"x"', "idempotency-replayed": "true" });
});

Deno.test("the same key with another request is refused, and other callers have keys of their own", async () => {
  await using fixture = await KeysFixture.open();
  const { call, runs } = fixture;
  await call({});
  await assert.rejects(call({ id: "two" }), { status: 422, code: "idempotency/other-request" });
  await assert.rejects(call({ operation: "enableBot" }), { status: 422 });
  await call({ caller: "token ci", id: "two" });
  assert.equal(runs(), 2);
});

Deno.test("requests at once with one key run once", async () => {
  await using fixture = await KeysFixture.open();
  const { call, runs } = fixture;
  const answers = await Promise.all(Array.from({ length: 10 }, () => call({})));
  assert.equal(runs(), 1);
  assert.equal(new Set(answers.map(({ body }) => (body as { run: number }).run)).size, 1);
});

Deno.test("a request that failed can be repeated with its key", async () => {
  await using fixture = await KeysFixture.open();
  const { call, runs } = fixture;
  const failing = () => Promise.reject(new ApiProblem(409, "bot/not-running", "not yet"));
  await assert.rejects(call({}, failing), { status: 409, code: "bot/not-running" });
  await call({});
  assert.equal(runs(), 1);
});

Deno.test("a request whose outcome a killed service took along is not repeated", async () => {
  await using fixture = await KeysFixture.open();
  const { call, restarted, runs } = fixture;
  const { promise: never } = Promise.withResolvers<never>();
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  void call({}, () => (resolve(), never));
  await begun;
  restarted();
  await assert.rejects(call({}), { status: 409, code: "idempotency/unknown" });
  assert.equal(runs(), 0);
});

Deno.test("a key is free again after a day", async () => {
  await using fixture = await KeysFixture.open();
  const { call, pass, runs } = fixture;
  await call({});
  pass(23 * 3_600_000);
  await call({});
  assert.equal(runs(), 1);
  pass(3_600_000);
  await call({ id: "two" });
  assert.equal(runs(), 2);
});

Deno.test("a key is printable ASCII, and its token is not kept", async () => {
  await using fixture = await ApiFixture.open();
  const { local, services } = fixture;
  const create = (key: string) =>
    local("/api/tokens", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify({ name: "ci", role: "read" }),
    });
  const bad = await create("a".repeat(201));
  assert.deepEqual([bad.status, (await bad.json()).issues[0].path], [400, "header.idempotency-key"]);
  const { value } = await (await create("key")).json();
  const again = await create("key");
  assert.deepEqual([again.status, (await again.json()).code], [409, "idempotency/shown-once"]);
  const kept = JSON.stringify(await services.stores.records.list("idempotency"));
  assert.ok(!kept.includes(value), kept);
});
