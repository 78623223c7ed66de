import assert from "node:assert/strict";
import { InvalidConfigError } from "../../../../lib/errors.ts";
import { boundProblems, limitsOf } from "../../../../lib/runner/limit_bounds.ts";
import { parseDockerRunnerConfig } from "../../../../lib/runner/parse_docker_runner_config.ts";

const MIB = 1024 * 1024;
const networksOf = (variables: Record<string, string>) => parseDockerRunnerConfig(variables).bounds.networks;

Deno.test("a bot may choose the operator's network and those that reach less, or what the operator lists", () => {
  assert.deepEqual(networksOf({}), ["host", "bridge", "none"]);
  assert.deepEqual(networksOf({ BOT_NETWORK: "bridge" }), ["bridge", "none"]);
  assert.deepEqual(networksOf({ BOT_NETWORK: "none" }), ["none"]);
  assert.deepEqual(networksOf({ BOT_NETWORK: "trading" }), ["trading", "none"]);
  assert.deepEqual(networksOf({ ALLOWED_BOT_NETWORKS: "bridge, trading" }), ["bridge", "trading"]);
});

Deno.test("parseDockerRunnerConfig() reads the bounds, and gives a bot that sets no cpus what it may have at most", () => {
  const { bounds, resources } = parseDockerRunnerConfig({
    MAX_BOT_MEMORY_MB: "1024",
    MAX_BOT_CPUS: "1.5",
    MAX_BOT_CPU_SHARES: "1024",
    MAX_BOT_PIDS: "512",
    MAX_BOT_DISK_MB: "4096",
  });
  assert.deepEqual(bounds, {
    memoryBytes: 1024 * MIB,
    cpus: 1.5,
    cpuShares: 1024,
    pids: 512,
    diskBytes: 4096 * MIB,
    stateBytes: 10_240 * MIB,
    networks: ["host", "bridge", "none"],
  });
  assert.equal(resources.cpus, 1.5);
  assert.equal(parseDockerRunnerConfig({ MAX_BOT_CPUS: "2", BOT_CPUS: "0.5" }).resources.cpus, 0.5);
  assert.equal(parseDockerRunnerConfig({}).resources.cpus, undefined);
});

for (
  const [variables, message] of [
    [
      { MAX_BOT_MEMORY_MB: "256" },
      /MAX_BOT_MEMORY_MB.*at least BOT_MEMORY_LIMIT_MB, which is 512 \(is 256\)/,
    ],
    [{ MAX_BOT_CPUS: "1", BOT_CPUS: "2" }, /MAX_BOT_CPUS.*at least BOT_CPUS, which is 2/],
    [
      { MAX_BOT_DISK_MB: "100", BOT_DISK_LIMIT_MB: "0" },
      /MAX_BOT_DISK_MB.*no effect, as BOT_DISK_LIMIT_MB is 0/,
    ],
    [{ BOT_CPUS: "0" }, /BOT_CPUS.*from 0\.01/],
    [{ BOT_CPUS: "1e3" }, /BOT_CPUS.*number of processors/],
    [{ ALLOWED_BOT_NETWORKS: "host,container:x" }, /ALLOWED_BOT_NETWORKS.*'container:x' is none/],
  ] as const
) {
  Deno.test(`parseDockerRunnerConfig() refuses ${JSON.stringify(variables)}`, () => {
    assert.throws(
      () => parseDockerRunnerConfig(variables),
      (error) => error instanceof InvalidConfigError && message.test(error.message),
    );
  });
}

Deno.test("boundProblems() lets a bot ask for what is at its bounds", () => {
  const bounds = { memoryBytes: 64 * MIB, networks: ["none"] };
  assert.deepEqual(boundProblems({}, bounds), []);
  assert.deepEqual(
    boundProblems({ limits: { memoryBytes: 64 * MIB, cpus: 64 }, network: "none" }, bounds),
    [],
  );
  assert.deepEqual(boundProblems({ limits: { memoryBytes: 65 * MIB } }, bounds), [{
    path: "memory_mb",
    message: "must be at most 64, the operator's bound MAX_BOT_MEMORY_MB (is 65)",
  }]);
  const state = (mb: number) => ({ state: { maxBytes: mb * MIB, keep: 1, everySeconds: 60 } });
  assert.deepEqual(boundProblems(state(8), { ...bounds, stateBytes: 8 * MIB }), []);
  assert.deepEqual(boundProblems(state(9), { ...bounds, stateBytes: 8 * MIB }), [{
    path: "state.max_mb",
    message: "must be at most 8, the operator's bound BOT_STATE_LIMIT_MB (is 9)",
  }]);
});

Deno.test("limitsOf() gives a container its own limits, and the runner's for the rest", () => {
  const config = parseDockerRunnerConfig({});
  assert.deepEqual(limitsOf({}, config), { resources: config.resources, network: "host" });
  assert.deepEqual(limitsOf({ limits: { pids: 9 }, network: "none" }, config), {
    resources: { ...config.resources, pids: 9 },
    network: "none",
  });
});
