import assert from "node:assert/strict";
import { MongoBulkWriteError } from "mongodb";
import { duplicateKeysOf } from "../../../../services/mongo/mongo_errors.ts";

function failure(
  writeErrors: readonly { code: number; index: number }[],
  concern?: string,
): MongoBulkWriteError {
  return new MongoBulkWriteError(
    { message: "failed", code: 11000, writeErrors: writeErrors as never },
    { getWriteConcernError: () => concern } as never,
  );
}

Deno.test("duplicateKeysOf() gives the places of records that were there, and only if nothing else failed", () => {
  const there = [{ code: 11000, index: 0 }, { code: 11000, index: 7 }];
  assert.deepEqual(duplicateKeysOf(failure(there)), new Set([0, 7]));
  assert.equal(duplicateKeysOf(failure([...there, { code: 121, index: 8 }])), undefined);
  assert.equal(duplicateKeysOf(failure(there, "waiting for replication timed out")), undefined);
  assert.equal(duplicateKeysOf(failure([])), undefined);
});
