/**
 * A real runner on the real engine for one test: under an instance name, a folder and a store of its own.
 * At its end nothing of it may be left; what is left fails the test, and is removed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { DockerodeOrchestrator } from "../../lib/engine/docker/dockerode_orchestrator.ts";
import type { ContainerInfo } from "../../lib/engine/container_orchestrator.ts";
import { createDockerRunner } from "../../lib/runner/create_docker_runner.ts";
import type { DockerRunner } from "../../lib/runner/docker_runner.ts";
import {
  CONFIG_VARIABLES,
  type DockerRunnerConfig,
  parseDockerRunnerConfig,
} from "../../lib/runner/docker_runner_config.ts";
import { type Executable, type ExecutableInput, parseExecutable } from "../../lib/executable/executable.ts";
import { FolderObjectStore } from "../../lib/objects/folder/folder_object_store.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import { LABEL } from "../../lib/engine/labels.ts";

/** What a test works with. */
export interface Stage {
  readonly runner: DockerRunner;
  readonly config: DockerRunnerConfig;
  readonly store: ObjectStore;
  /** Folder of this test; the store is its `objects`. */
  readonly temp: string;
  /** What the configuration was read from. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Another runner, on the same store. */
  another(variables: Record<string, string>): DockerRunner;
  /** Puts an archive of these files into the store, and describes what to run. */
  deploy(files: Record<string, string | Uint8Array>, input?: Partial<ExecutableInput>): Promise<Executable>;
  /** Names of the private folders that exist. */
  folders(): Promise<string[]>;
  /** Every container of this instance, helpers included. */
  containers(): Promise<ContainerInfo[]>;
}

/** The configuration of this machine's tests: engine and images as the environment says. */
export function testVariables(variables: Record<string, string> = {}): Record<string, string | undefined> {
  const environment = CONFIG_VARIABLES.filter((name) => !name.startsWith("MINIO_"))
    .map((name) => [name, Deno.env.get(name)]);
  return { ...Object.fromEntries(environment), ...variables };
}

/**
 * @param work The test.
 * @param variables Configuration that differs from the default.
 */
export async function withRunner(
  work: (stage: Stage) => Promise<void>,
  variables: Record<string, string> = {},
): Promise<void> {
  const temp = await Deno.makeTempDir({ prefix: "berth-test-" });
  const instance = `test-${crypto.randomUUID().slice(0, 8)}`;
  const all = testVariables({
    TEMP_DIR: `${temp}/runtime`,
    BERTH_INSTANCE: instance,
    STOP_GRACE_SECONDS: "10",
    ...variables,
  });
  const config = parseDockerRunnerConfig(all);
  const store = new FolderObjectStore(`${temp}/objects`);
  await store.ensureBucket(config.buckets.code);
  const runner = createDockerRunner({ config, store });
  const orchestrator = new DockerodeOrchestrator(connectDocker(config.dockerHost));
  const others: DockerRunner[] = [];
  const stage: Stage = {
    runner,
    config,
    store,
    temp,
    variables: all,
    another: (more) => {
      const other = createDockerRunner({ config: parseDockerRunnerConfig({ ...all, ...more }), store });
      others.push(other);
      return other;
    },
    deploy: async (files, input = {}) => {
      const executable = parseExecutable({
        id: `bot-${crypto.randomUUID().slice(0, 8)}`,
        entrypointFiles: { bot: "main.py", backtest: "main.py" },
        filePath: `tests/${crypto.randomUUID()}`,
        ...input,
      });
      const encode = (content: string | Uint8Array) =>
        typeof content === "string" ? new TextEncoder().encode(content) : content;
      const entries = Object.entries(files).map(([name, content]) => [name, encode(content)]);
      await store.put(config.buckets.code, executable.filePath, zipSync(Object.fromEntries(entries)));
      return executable;
    },
    folders: async () => {
      try {
        const entries = await Array.fromAsync(
          Deno.readDir(`${config.tempDir}/${config.instance}/containers`),
        );
        return entries.map(({ name }) => name);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return [];
        throw error;
      }
    },
    containers: () => orchestrator.listContainers({ labels: { [LABEL.instance]: instance } }),
  };
  try {
    await work(stage);
    assert.deepEqual(await stage.containers(), [], "containers are left");
    assert.deepEqual(await stage.folders(), [], "private folders are left");
  } finally {
    await Promise.all([runner, ...others].map((one) => one.close()));
    try {
      await Promise.all((await stage.containers()).map(({ id }) => orchestrator.remove(id)));
      await orchestrator[Symbol.asyncDispose]();
    } finally {
      // Also what the library has failed to remove.
      await new Deno.Command("rm", { args: ["-rf", temp] }).output();
    }
  }
}

/**
 * Reads a container's lines until one matches.
 *
 * @returns All lines so far.
 */
export async function linesUntil(runner: DockerRunner, container: string, wanted: RegExp): Promise<string[]> {
  const lines: string[] = [];
  const signal = AbortSignal.timeout(60_000);
  for await (const { text } of runner.getContainerLogs(container, { follow: true, signal })) {
    lines.push(text);
    if (wanted.test(text)) return lines;
  }
  throw new assert.AssertionError({
    message: `the container ended without a line like ${wanted}:\n${lines.join("\n")}`,
  });
}
