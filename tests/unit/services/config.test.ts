import assert from "node:assert/strict";
import { formatIssue, InvalidConfigError } from "../../../lib/errors.ts";
import { parseServiceConfig } from "../../../services/config.ts";

const HOME = { HOME: "/home/somebody" };
const SERVERS = {
  ...HOME,
  MONGO_URI: "mongodb://127.0.0.1",
  MINIO_ENDPOINT: "127.0.0.1:9000",
  MINIO_ACCESS_KEY: "key",
  MINIO_SECRET_KEY: "long-secret",
};

function problemsOf(variables: Record<string, string>): readonly string[] {
  try {
    parseServiceConfig(variables);
  } catch (error) {
    if (error instanceof InvalidConfigError) return error.issues.map(formatIssue);
    throw error;
  }
  return [];
}

Deno.test("parseServiceConfig() serves bots and schedules, with defaults for both", () => {
  const { services, checkIntervalMs, maxConcurrentRuns, retention } = parseServiceConfig(HOME);
  assert.deepEqual(services, ["bots", "schedules"]);
  assert.deepEqual([checkIntervalMs, maxConcurrentRuns], [10_000, 10]);
  assert.deepEqual(retention, { maxRecords: 100, maxAgeMs: 30 * 86_400_000 });
});

Deno.test("parseServiceConfig() reads what is served and how", () => {
  const config = parseServiceConfig({
    ...HOME,
    SERVICES: " schedules ",
    CHECK_INTERVAL: "60",
    MAX_CONCURRENT_RUNS: "3",
    RUN_HISTORY_LIMIT: "7",
    RUN_HISTORY_DAYS: "1",
  });
  assert.deepEqual(config.services, ["schedules"]);
  assert.deepEqual([config.checkIntervalMs, config.maxConcurrentRuns], [60_000, 3]);
  assert.deepEqual(config.retention, { maxRecords: 7, maxAgeMs: 86_400_000 });
  const problems = problemsOf({
    ...HOME,
    SERVICES: "bots,cron",
    CHECK_INTERVAL: "61",
    MAX_CONCURRENT_RUNS: "0",
    RUN_HISTORY_LIMIT: "-1",
    RUN_HISTORY_DAYS: "x",
  });
  assert.deepEqual(problems.map((problem) => problem.split(":")[0]), [
    "SERVICES",
    "CHECK_INTERVAL",
    "MAX_CONCURRENT_RUNS",
    "RUN_HISTORY_LIMIT",
    "RUN_HISTORY_DAYS",
  ]);
});

Deno.test("parseServiceConfig() wants an event bus for schedules in MongoDB, and for bots none", () => {
  assert.deepEqual(problemsOf(SERVERS), [
    "NATS_URL: is missing, and schedules in MongoDB need it; set it, or serve bots alone with SERVICES=bots",
  ]);
  assert.deepEqual(problemsOf({ ...SERVERS, SERVICES: "bots" }), []);
  assert.deepEqual(problemsOf({ ...SERVERS, NATS_URL: "nats://127.0.0.1" }), []);
  const { MONGO_URI: _, ...others } = SERVERS;
  assert.match(problemsOf({ ...others, NATS_URL: "nats://127.0.0.1" }).join(), /^MONGO_URI: is missing/);
});
