/**
 * What the tests against a real engine share.
 *
 * @module
 */

// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { DockerodeOrchestrator } from "../../lib/engine/docker/dockerode_orchestrator.ts";
import type { DockerodeTimeLimits } from "../../lib/engine/docker/dockerode_time_limits.ts";
import type { ContainerSpec } from "../../lib/engine/container_spec.ts";

/** Label of every container that a test makes: its value is the test's own. */
export const TEST_LABEL = "berth-test.run";

/** Where the engine is. */
export const DOCKER_HOST: string = Deno.env.get("DOCKER_HOST") || "unix:///var/run/docker.sock";

/** Images of the runtimes: `RUNTIME_IMAGES` (`python3.11=…,nodejs20=…`), or the official ones. */
export const IMAGES: Readonly<Record<string, string>> = {
  "python3.11": "python:3.11-slim",
  "nodejs20": "node:20-alpine",
  ...Object.fromEntries(
    (Deno.env.get("RUNTIME_IMAGES") ?? "").split(",").filter(Boolean).map((pair) => pair.split(/=(.*)/s, 2)),
  ),
};

/** An engine to test with, and what a test made on it. */
export interface EngineFixture extends AsyncDisposable {
  /** The adapter. */
  readonly orchestrator: DockerodeOrchestrator;
  /** Its connection. */
  readonly docker: Docker;
  /** Labels of this test's containers. */
  readonly labels: Readonly<Record<string, string>>;
  /** A specification for a container of this test, with a name of its own. */
  spec(command: readonly string[], changes?: Partial<ContainerSpec>): ContainerSpec;
}

/** Options of {@linkcode openEngine}. */
export interface OpenEngineOptions {
  /** Where the engine is. @default {DOCKER_HOST} */
  readonly dockerHost?: string;
  /** Image of the containers. @default {IMAGES["python3.11"]} */
  readonly image?: string;
  /** Time limits that differ from the defaults. */
  readonly timeouts?: Partial<DockerodeTimeLimits>;
}

/**
 * Connects to an engine. Disposing removes the test's containers, and only those.
 *
 * @param options Which engine, and how.
 * @returns The fixture.
 */
export function openEngine(options: OpenEngineOptions = {}): EngineFixture {
  const dockerHost = options.dockerHost ?? DOCKER_HOST;
  const docker = connectDocker(dockerHost);
  const orchestrator = new DockerodeOrchestrator(docker, { timeouts: options.timeouts });
  const run = crypto.randomUUID();
  const labels = { [TEST_LABEL]: run };
  let count = 0;
  return {
    orchestrator,
    docker,
    labels,
    spec: (command, changes = {}) => ({
      name: `berth-test-${run.slice(0, 13)}-${++count}`,
      image: options.image ?? IMAGES["python3.11"]!,
      command,
      env: {},
      binds: [],
      tmpfs: [],
      hosts: {},
      workingDir: "/tmp",
      network: "none",
      resources: { memoryBytes: 256 * 1024 ** 2, cpuShares: 512, pids: 128 },
      logs: { maxSizeBytes: 50 * 1024 ** 2, maxFiles: 2 },
      security: { user: "1000:1000", capabilities: [], allowNewPrivileges: false },
      autoRemove: false,
      ...changes,
      labels: { ...labels, ...changes.labels },
    }),
    async [Symbol.asyncDispose]() {
      await orchestrator[Symbol.asyncDispose]();
      await using cleaner = new DockerodeOrchestrator(connectDocker(dockerHost));
      const left = await cleaner.listContainers({ labels });
      await Promise.all(left.map(({ id }) => cleaner.remove(id)));
    },
  };
}

/**
 * Waits until something holds.
 *
 * @param what What is waited for, for the error text.
 * @param check Whether it holds.
 * @param limitMs When to give up, in ms.
 */
export async function until(
  what: string,
  check: () => Promise<boolean> | boolean,
  limitMs = 20_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`${what} did not happen within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
