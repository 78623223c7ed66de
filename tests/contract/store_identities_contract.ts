/**
 * The contract of every identity of a store, as tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { StoreIdentities } from "../../services/ownership/store_identity.ts";

/** An identity to test, in a store of its own that is empty. */
export interface StoreIdentitiesFixture extends AsyncDisposable {
  /** The identity. */
  readonly identities: StoreIdentities;
  /** Another on the same store, as of another service. */
  readonly another: () => StoreIdentities;
  /** Writes a bot's document. */
  readonly addBot: () => Promise<void>;
}

/**
 * Declares the tests.
 *
 * @param name Name of the implementation, for the names of the tests.
 * @param make Makes one.
 */
export function testStoreIdentitiesContract(name: string, make: () => Promise<StoreIdentitiesFixture>): void {
  Deno.test(`${name}.read() makes one identity, whoever reads it first`, async () => {
    await using fixture = await make();
    const readers = [fixture.identities, ...Array.from({ length: 7 }, () => fixture.another())];
    const read = await Promise.all(readers.map((each) => each.read()));
    assert.equal(new Set(read.map(({ id }) => id)).size, 1);
    assert.match(read[0]!.id, /^[0-9a-f-]{36}$/);
    assert.deepEqual([read[0]!.wasEmpty, read[0]!.adopted], [true, []]);
    assert.ok(Math.abs(Date.now() - read[0]!.madeAt.getTime()) < 60_000);
    assert.deepEqual(await fixture.another().read(), await fixture.identities.read());
  });

  Deno.test(`${name}.read() says that a store held bots before it had an identity`, async () => {
    await using fixture = await make();
    await fixture.addBot();
    assert.equal((await fixture.identities.read()).wasEmpty, false);
  });

  Deno.test(`${name}.adopt() keeps the identities of other stores, each once`, async () => {
    await using fixture = await make();
    const { id } = await fixture.identities.read();
    await fixture.identities.adopt(["one", "two"]);
    await fixture.another().adopt(["two"]);
    const { id: after, adopted } = await fixture.another().read();
    assert.deepEqual([after, [...adopted].sort()], [id, ["one", "two"]]);
  });
}
