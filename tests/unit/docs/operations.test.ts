import assert from "node:assert/strict";
import { withOperations } from "../../../scripts/write_operations.ts";
import { ROOT } from "../../support/builders/doc_blocks.ts";

Deno.test("docs/api.md lists every operation of the API", async () => {
  const page = await Deno.readTextFile(`${ROOT}docs/api.md`);
  assert.equal(page, withOperations(page), "run: deno task operations");
});
