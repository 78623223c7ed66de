import assert from "node:assert/strict";
import { misspelledVariables } from "../../../cli/misspelled_variables.ts";

Deno.test("misspelledVariables() names the variables that look like one of Berth's", () => {
  const names = [
    "PATH",
    "HOME",
    "XDG_STATE_HOME",
    "TMPDIR",
    "MONGO_URL",
    "minio_endpoint",
    "NATS_URL",
    "LOGNAME",
  ];
  assert.deepEqual(misspelledVariables(names), [
    { name: "MONGO_URL", meant: "MONGO_URI" },
    { name: "minio_endpoint", meant: "MINIO_ENDPOINT" },
  ]);
  assert.deepEqual(misspelledVariables(["MONGO_URL", "MONGO_URI"]), []);
});
