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

Deno.test("parseServiceConfig() refuses an address that others reach without TLS or a proxy", () => {
  for (const address of ["0.0.0.0:8420", "[::]:8420", "10.0.0.1:80", "berth.example:443"]) {
    const [problem, ...others] = problemsOf({ ...HOME, HTTP_ADDR: address });
    assert.match(
      problem!,
      /^HTTP_ADDR: .* plain text; set HTTP_TLS_CERT and HTTP_TLS_KEY, or HTTP_BEHIND_PROXY=1/,
    );
    assert.deepEqual(others, []);
    assert.deepEqual(problemsOf({ ...HOME, HTTP_ADDR: address, HTTP_BEHIND_PROXY: "1" }), []);
    const tls = { HTTP_TLS_CERT: "/etc/cert.pem", HTTP_TLS_KEY: "/etc/key.pem" };
    assert.deepEqual(problemsOf({ ...HOME, HTTP_ADDR: address, ...tls }), []);
  }
  for (const address of ["127.0.0.1:8420", "127.1.2.3:1", "[::1]:8420", "localhost:0", "off"]) {
    assert.deepEqual(problemsOf({ ...HOME, HTTP_ADDR: address }), []);
  }
});

Deno.test("parseServiceConfig() finds its own address among those of all Berths", () => {
  const base = {
    ...HOME,
    MONGO_URI: "mongodb://db",
    NATS_URL: "nats://bus",
    MINIO_ENDPOINT: "store:9000",
    MINIO_ACCESS_KEY: "key",
    MINIO_SECRET_KEY: "secret",
    BERTH_URLS: "https://one.internal, http://127.0.0.1:8420",
  };
  const urls = ["https://one.internal", "http://127.0.0.1:8420"];
  assert.deepEqual(parseServiceConfig(base).peers, { urls, own: urls[1] });
  const given = { ...base, ADVERTISE_URL: "https://one.internal/", BERTH_CA: "/ca.pem" };
  assert.deepEqual(parseServiceConfig(given).peers, { urls, own: urls[0], caFile: "/ca.pem" });
  assert.deepEqual(parseServiceConfig({ ...base, HTTP_ADDR: "off" }).peers, { urls });
  assert.equal(parseServiceConfig({ ...base, BERTH_URLS: "" }).peers, undefined);
  assert.equal(parseServiceConfig({ ...HOME, BERTH_URLS: base.BERTH_URLS }).peers, undefined, "SQLite");
  for (const ADVERTISE_URL of ["https://two.internal", "one.internal"]) {
    assert.match(problemsOf({ ...base, ADVERTISE_URL })[0]!, /^ADVERTISE_URL: must be one of BERTH_URLS/);
  }
  const wrong = problemsOf({ ...base, RUNNER: "swarm", BERTH_URLS: "one.internal" });
  assert.deepEqual(wrong.filter((problem) => problem.startsWith("BERTH_URLS")).length, 1);
});

Deno.test("parseServiceConfig() wants certificate and key together, and names without ports", () => {
  assert.match(problemsOf({ ...HOME, HTTP_TLS_CERT: "/c.pem" })[0]!, /^HTTP_TLS_KEY: is missing/);
  assert.match(problemsOf({ ...HOME, HTTP_TLS_KEY: "/k.pem" })[0]!, /^HTTP_TLS_CERT: is missing/);
  assert.match(problemsOf({ ...HOME, HTTP_HOSTS: "a.example:80" })[0]!, /^HTTP_HOSTS: must be names/);
  const { http } = parseServiceConfig({ ...HOME, HTTP_HOSTS: " A.example, b.example," });
  assert.deepEqual(http!.names, ["a.example", "b.example"]);
});
