/**
 * The contract of the account book on every database, as tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import { AccountBook, type AccountBookOptions } from "../../services/leases/account_book.ts";
import { AccountHeldError } from "../../services/leases/account_held_error.ts";
import { StoreUnavailableError } from "../../services/documents/bot_repository.ts";
import type { LeaseStore } from "../../services/leases/lease_store.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { until } from "../support/until.ts";
import type { LeaseStoreFixture } from "./lease_store_contract.ts";

const A = { kind: "bot", id: "a" } as const;
const B = { kind: "bot", id: "b" } as const;
const RUN = { kind: "run", id: "report@1700000000" } as const;

/** Books of several processes on one database. */
class Books {
  readonly clock = new FakeClock(Date.parse("2026-01-31T09:00:00Z"));
  /** The accounts whose turn it is, without their kind. */
  readonly woken: string[] = [];
  readonly another: () => LeaseStore;

  constructor({ another }: LeaseStoreFixture) {
    this.another = another;
  }

  open(more: Partial<AccountBookOptions> = {}): AccountBook {
    return new AccountBook({
      store: this.another(),
      keeper: { segment: -1, instance: "one" },
      onReleased: ({ id }) => this.woken.push(id),
      clock: this.clock,
      ...more,
    });
  }

  /** Waits until a bot can take an account, which another one releases. */
  async untilTaken(book: AccountBook, ...[holder, accounts]: Parameters<AccountBook["take"]>) {
    let epochs: Readonly<Record<string, number>> = {};
    await until("it is released", async () => {
      try {
        // A take of one that is free, beside one that is not yet, would count as a take.
        await book.check(holder, accounts);
        epochs = await book.take(holder, accounts);
        return true;
      } catch (error) {
        if (!(error instanceof AccountHeldError)) throw error;
        return false;
      }
    });
    return epochs;
  }
}

/**
 * Declares the tests.
 *
 * @param name Name of the database, for the names of the tests.
 * @param make Makes one.
 */
export function testAccountBookContract(name: string, make: () => Promise<LeaseStoreFixture>): void {
  const test = (what: string, work: (books: Books) => Promise<void>) =>
    Deno.test(`AccountBook on ${name}: ${what}`, async () => {
      await using fixture = await make();
      await fixture.leases.open();
      await work(new Books(fixture));
    });

  test("one at a time holds an account, whichever process looks after it", async (books) => {
    await using one = books.open();
    await using two = books.open();
    const takes = await Promise.allSettled(
      ["a", "b", "c", "d", "e", "f"].map((id, n) =>
        (n % 2 ? one : two).take({ kind: "bot", id }, ["x:main"])
      ),
    );
    assert.equal(takes.filter(({ status }) => status === "fulfilled").length, 1);
    for (const take of takes) {
      if (take.status === "rejected") assert.ok(take.reason instanceof AccountHeldError, String(take.reason));
    }
  });

  test("whoever waits knows for whom and since when, and is woken once it is free", async (books) => {
    await using book = books.open();
    assert.deepEqual(await book.take(A, ["binance:main"]), { "binance:main": 1 });
    const held = await book.take(B, ["binance:main"]).catch((error) => error);
    assert.ok(held instanceof AccountHeldError);
    assert.deepEqual(held.holder, A);
    assert.equal(held.waitsFor, "account binance:main: held by bot a since 2026-01-31T09:00:00.000Z");
    await assert.rejects(book.check(B, ["binance:main"]), AccountHeldError);
    await book.check(A, ["binance:main"]);
    book.release(B);
    await assert.rejects(book.check(RUN, ["binance:main"]), AccountHeldError);
    book.release(A);
    await until("it is woken", () => books.woken.length > 0);
    assert.deepEqual(books.woken, ["b"]);
    assert.deepEqual(await book.take(B, ["binance:main"]), { "binance:main": 2 });
  });

  test("each start takes an account anew, and its epoch only grows", async (books) => {
    await using one = books.open();
    assert.deepEqual(await one.take(A, ["y", "x"]), { y: 1, x: 1 });
    assert.deepEqual(Object.keys(await one.take(A, ["y", "x"])), ["y", "x"], "in the order of the document");
    assert.deepEqual(await one.take(A, ["x"]), { x: 3 });
    await using two = books.open();
    await assert.rejects(
      two.check(B, ["y"]),
      AccountHeldError,
      "its last copy may live until it has started",
    );
    one.keepOnly({ ...A, lease: "bot/a" }, ["x"]);
    assert.deepEqual(
      await books.untilTaken(two, B, ["y"]),
      { y: 3 },
      "what it does not name any more is free",
    );
  });

  test("what a lost copy held and the next one does not name is free once that has started", async (books) => {
    await using book = books.open({ mayLive: () => Promise.resolve(true) });
    const holder = { ...A, lease: "bot/a" };
    await book.take(holder, ["x", "y"]);
    book.release(holder);
    await until("it looks", () => books.clock.sleepers > 0);
    await book.take(holder, ["x"]);
    await assert.rejects(book.check(B, ["y"]), AccountHeldError);
    book.keepOnly(holder, ["x"]);
    await books.untilTaken(book, B, ["y"]);
    await assert.rejects(book.check(B, ["x"]), AccountHeldError);
    await until("nothing waits", () => books.clock.sleepers === 0);
  });

  test("a run that waits is woken, too", async (books) => {
    await using book = books.open();
    await book.take(A, ["x"]);
    await assert.rejects(book.take(RUN, ["x"]), AccountHeldError);
    book.release(A);
    await until("it is woken", () => books.woken.length > 0);
    assert.deepEqual(books.woken, [RUN.id]);
  });

  test("a take whose answer was lost is released", async (books) => {
    const store = books.another();
    const { insert } = store;
    store.insert = async (...given) => {
      await insert.apply(store, given);
      throw new StoreUnavailableError("the answer was lost");
    };
    await using book = books.open({ store });
    await assert.rejects(book.take(A, ["x"]), StoreUnavailableError);
    await using other = books.open();
    await assert.rejects(other.check(B, ["x"]), AccountHeldError);
    book.release(A);
    assert.deepEqual(await books.untilTaken(other, B, ["x"]), { x: 2 });
  });

  test("the accounts of a run that its service has left are free once no copy of it can live", async (books) => {
    const left = books.open({ keeper: { segment: -1, instance: "left" } });
    await left.take(RUN, ["x"]);
    await left[Symbol.asyncDispose]();
    const lost = { ...RUN, lease: "run/run/report/1700000000" };
    {
      await using host = books.open();
      host.releaseLost(lost);
    }
    let lives = true;
    await using book = books.open({ mayLive: (lease) => Promise.resolve(lives && lease === lost.lease) });
    book.releaseLost(lost);
    await until("it looks", () => books.clock.sleepers > 0);
    await assert.rejects(book.check(B, ["x"]), AccountHeldError);
    lives = false;
    await books.clock.advance(5_000);
    assert.deepEqual(await books.untilTaken(book, B, ["x"]), { x: 2 });
  });

  test("all accounts are taken, or none", async (books) => {
    await using book = books.open();
    await book.take(A, ["z"]);
    await assert.rejects(book.take(B, ["a", "z"]), AccountHeldError);
    assert.deepEqual(await books.untilTaken(book, RUN, ["a"]), { a: 2 });
  });

  test("a process that follows knows what is held, and releases what its containers are gone from", async (books) => {
    const before = books.open();
    await before.take(A, ["x"]);
    await before.take(RUN, ["y"]);
    await before[Symbol.asyncDispose]();
    await using other = books.open({ keeper: { segment: 7, instance: "other" } });
    assert.deepEqual(await other.load("bot"), []);
    assert.deepEqual(await other.load("run"), []);
    other.release(A);
    await using after = books.open();
    assert.deepEqual(await after.load("bot"), ["a"]);
    assert.deepEqual(await after.load("run"), [RUN.id]);
    await assert.rejects(after.take(B, ["x"]), AccountHeldError);
    after.release(A);
    after.release(RUN);
    assert.deepEqual(await books.untilTaken(after, B, ["x", "y"]), { x: 2, y: 2 });
  });

  test("a process that has stood still releases nothing that was taken anew", async (books) => {
    await using paused = books.open();
    await paused.take(A, ["x"]);
    await using leader = books.open();
    await leader.load("bot");
    assert.deepEqual(await leader.take(A, ["x"]), { x: 2 });
    paused.release(A);
    await paused[Symbol.asyncDispose]();
    await assert.rejects(leader.check(B, ["x"]), AccountHeldError);
  });

  test("an account of a lost copy is released once that copy can no longer live", async (books) => {
    let lives = true;
    await using book = books.open({ mayLive: () => Promise.resolve(lives) });
    await book.take(A, ["x"]);
    await assert.rejects(book.take(B, ["x"]), AccountHeldError);
    book.release({ ...A, lease: "bot/a" });
    await until("it looks", () => books.clock.sleepers > 0);
    await books.clock.advance(20_000);
    await assert.rejects(book.check(B, ["x"]), AccountHeldError);
    lives = false;
    await books.clock.advance(5_000);
    assert.deepEqual(await books.untilTaken(book, B, ["x"]), { x: 2 });
  });
}
