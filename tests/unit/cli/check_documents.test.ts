import assert from "node:assert/strict";
import { findingsOf } from "../../../cli/check_documents.ts";

Deno.test("findingsOf() shows each warning once, with some of the documents that have it", () => {
  const ends = "the calendar XSHG ends on 2026-12-31, and nothing is guessed after that";
  const documents = ["a", "b", "c", "d", "e"].map((id) => ({ id, notes: [ends] }));
  const findings = findingsOf([...documents, { id: "f", notes: ["other"] }, { id: "g" }]);
  assert.deepEqual(findings, [
    { subject: "Documents", state: "warning", detail: `a, b, c and 2 more: ${ends}` },
    { subject: "Documents", state: "warning", detail: "f: other" },
  ]);
  const many = findingsOf(Array.from({ length: 30 }, (_, n) => ({ id: `${n}`, notes: [`note ${n}`] })));
  assert.equal(many.length, 11);
  assert.equal(many.at(-1)!.detail, "20 more warnings");
});
