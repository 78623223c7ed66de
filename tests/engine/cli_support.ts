/**
 * The command line for one test: the program itself in a process of its own, or a command in this one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { CliContext } from "../../cli/context.ts";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { connectMinio } from "../../lib/objects/minio/connect_minio.ts";
import { DockerodeOrchestrator } from "../../lib/engine/docker/dockerode_orchestrator.ts";
import type { ContainerInfo } from "../../lib/engine/container_orchestrator.ts";
import { createDockerRunner } from "../../lib/runner/create_docker_runner.ts";
import { createObjectStore } from "../../lib/runner/create_object_store.ts";
import { FolderObjectStore } from "../../lib/objects/folder/folder_object_store.ts";
import { LABEL } from "../../lib/engine/labels.ts";
import { composeBotService } from "../../services/compose_bot_service.ts";
import { openBotDocuments } from "../../services/open_bot_documents.ts";
import { probeServers } from "../../services/probe_servers.ts";
import { SERVICE_VARIABLES } from "../../services/config.ts";
import { DOCKER_HOST } from "./engine_support.ts";
import { testVariables } from "./runner_support.ts";

/** Folder of the project. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/** Variables of a test: folders below one of its own, the machine's engine and images, and no servers. */
export function cliVariables(temp: string, more: Record<string, string> = {}): Record<string, string> {
  const all = {
    ...testVariables(),
    TEMP_DIR: `${temp}/runtime`,
    DATA_DIR: `${temp}/data`,
    // The same for the same folder: commands derive further names from it.
    BERTH_INSTANCE: `test-${createHash("sha256").update(temp).digest("hex").slice(0, 8)}`,
    STOP_GRACE_SECONDS: "10",
    ...more,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value)) as Record<string, string>;
}

/** A command's context in this process, and what it printed. */
export function cliContext(
  env: Record<string, string>,
  more: Partial<CliContext> = {},
): { context: CliContext; lines: string[] } {
  const lines: string[] = [];
  const keep = (line: string) => void lines.push(line);
  const context: CliContext = {
    env,
    cwd: ROOT,
    examplesDir: `${ROOT}/examples`,
    terminal: {
      out: keep,
      note: keep,
      transient: () => {},
      paint: (_style, text) => text,
      interactive: false,
      isScreen: false,
      isClosed: false,
    },
    signal: new AbortController().signal,
    createOrchestrator: (config) =>
      Promise.resolve(new DockerodeOrchestrator(connectDocker(config.dockerHost))),
    createStore: (config, folder) =>
      Promise.resolve(
        config.minio || folder === undefined ? createObjectStore(config) : new FolderObjectStore(folder),
      ),
    createRunner: (config, store) => Promise.resolve(createDockerRunner({ config, store })),
    openBotDocuments,
    probeServers,
    composeService: composeBotService,
    ...more,
  };
  return { context, lines };
}

/** The program, under the permissions of its commands. */
export class CliProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  /** What it printed so far, both streams. */
  output = "";
  /** What it printed on standard output so far. */
  stdout = "";

  private constructor(args: readonly string[], flags: readonly string[], env: Record<string, string>) {
    const none = Object.fromEntries(SERVICE_VARIABLES.map((name) => [name, ""]));
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...flags, "main.ts", ...args],
      cwd: ROOT,
      env: { ...none, HOME: Deno.env.get("HOME") ?? "", ...env, NO_COLOR: "1", INIT_CWD: ROOT },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const read = async (stream: ReadableStream<Uint8Array>, isOutput: boolean) => {
      const decoder = new TextDecoder();
      for await (const chunk of stream) {
        const text = decoder.decode(chunk, { stream: true });
        this.output += text;
        if (isOutput) this.stdout += text;
      }
    };
    this.#reading = Promise.all([read(this.#child.stdout, true), read(this.#child.stderr, false)]);
  }

  /** Starts it. @param args Its arguments. @param env Its configuration. @param flags Its permissions. */
  static start(args: readonly string[], env: Record<string, string>, flags = ["-P=cli"]): CliProcess {
    return new CliProcess(args, flags, env);
  }

  /** Runs it to its end. */
  static async run(
    args: readonly string[],
    env: Record<string, string>,
  ): Promise<{ code: number; output: string; stdout: string }> {
    await using process = CliProcess.start(args, env);
    return { code: await process.end(), output: process.output, stdout: process.stdout };
  }

  /** Waits until it has printed something. */
  async printed(wanted: RegExp): Promise<void> {
    const deadline = performance.now() + 60_000;
    while (!wanted.test(this.output)) {
      const message = `it did not print ${wanted}:\n${this.output}`;
      if (performance.now() > deadline) throw new assert.AssertionError({ message });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for its end. @returns Its exit code. */
  async end(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  /** Ends it, where it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.end();
  }
}

/** Gives a test a folder of its own, and removes it with whatever containers the instances left; these fail the test. */
export async function withFolder(
  instancesOf: (temp: string) => readonly string[],
  work: (temp: string, containers: (instance: string) => Promise<ContainerInfo[]>) => Promise<void>,
): Promise<void> {
  const temp = await Deno.makeTempDir({ prefix: "berth-test-" });
  await using orchestrator = new DockerodeOrchestrator(connectDocker(DOCKER_HOST));
  const containers = (instance: string) =>
    orchestrator.listContainers({ labels: { [LABEL.instance]: instance } });
  const left = async () => (await Promise.all(instancesOf(temp).map(containers))).flat();
  try {
    await work(temp, containers);
    assert.deepEqual(await left(), [], "containers are left");
  } finally {
    try {
      await Promise.all((await left()).map(({ id }) => orchestrator.remove(id)));
    } finally {
      await new Deno.Command("rm", { args: ["-rf", temp] }).output();
    }
  }
}

/** Code of a bot that does nothing. */
export const BOT_LOOP = "import time\ndef main(id, config):\n    while True: time.sleep(0.05)\n";

/** Writes a bot folder, `my-bot` unless its files say otherwise. @returns The folder. */
export async function writeBot(folder: string, files: Record<string, string> = {}): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const all = {
    "bot-config.yaml": "name: my-bot\nversion: 1.0.0\nentrypoints:\n  bot: main.py\n",
    "main.py": BOT_LOOP,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) await Deno.writeTextFile(`${folder}/${name}`, text);
  return folder;
}

/** Runs a command that must succeed. @returns Its standard output. */
export async function berth(env: Record<string, string>, ...args: string[]): Promise<string> {
  const { code, output, stdout } = await CliProcess.run(args, env);
  assert.equal(code, 0, `berth ${args.join(" ")}\n${output}`);
  return stdout;
}

/** Removes buckets with all that is in them, from the object store that the environment names. */
export async function removeBuckets(buckets: readonly string[]): Promise<void> {
  const [host, port] = Deno.env.get("MINIO_ENDPOINT")!.split(":");
  const client = connectMinio({
    endPoint: host!,
    port: Number(port),
    useSSL: Deno.env.get("MINIO_SSL") === "true",
    accessKey: Deno.env.get("MINIO_ACCESS_KEY")!,
    secretKey: Deno.env.get("MINIO_SECRET_KEY")!,
  });
  for (const bucket of buckets) {
    if (!await client.bucketExists(bucket)) continue;
    for await (const { name } of client.listObjectsV2(bucket, "", true)) {
      await client.removeObject(bucket, name);
    }
    await client.removeBucket(bucket);
  }
}
