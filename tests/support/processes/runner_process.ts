/**
 * The library in a process of its own, to be killed, or to be of another user.
 *
 * @module
 */

import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { createDockerRunner } from "../../../lib/runner/create_docker_runner.ts";
import { parseDockerRunnerConfig } from "../../../lib/runner/parse_docker_runner_config.ts";
import type { DockerRunner } from "../../../lib/runner/docker_runner.ts";
import type { FileOwner } from "../../../lib/util/files.ts";
import { FolderObjectStore } from "../../../lib/objects/folder/folder_object_store.ts";
import type { RunnerFixture } from "../fixtures/runner_fixture.ts";
import { linesOf, moduleArguments, sendSignal } from "./child_process.ts";

interface Setup {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly objects: string;
}

interface Call {
  readonly id: number;
  readonly method: "startContainer" | "stopContainer";
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** A process that runs the library. Disposing kills it. */
export interface RunnerProcess extends AsyncDisposable {
  /** Calls a method of its runner. Rejects with the error's text, or when the process ends. */
  call<Method extends Call["method"]>(
    method: Method,
    argument: Parameters<DockerRunner[Method]>[0],
  ): Promise<Awaited<ReturnType<DockerRunner[Method]>>>;
  /** Kills it at once. */
  kill(): Promise<void>;
}

/** Options of {@linkcode startRunnerProcess}. */
export interface RunnerProcessOptions {
  /** The user of the process; only root can choose another. Give this user the test's folder. */
  readonly user?: FileOwner;
  /** Configuration that differs from the test's. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Whether processes of another user can be started, and could read this repository. */
export function canBe({ uid, gid }: FileOwner): boolean {
  if (Deno.uid() !== 0) return false;
  const args = [...asUser({ uid, gid }), "test", "-r", fileURLToPath(import.meta.url)];
  try {
    return new Deno.Command("setpriv", { args }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Starts a process whose runner has the configuration and the store of a test's.
 *
 * @param fixture The test's.
 * @param options See {@linkcode RunnerProcessOptions}.
 */
export async function startRunnerProcess(
  { variables, temp }: RunnerFixture,
  options: RunnerProcessOptions = {},
): Promise<RunnerProcess> {
  const setup: Setup = { variables: { ...variables, ...options.variables }, objects: `${temp}/objects` };
  const deno = moduleArguments(import.meta.url, JSON.stringify(setup));
  const io = { stdin: "piped", stdout: "piped" } as const;
  const child = options.user
    ? new Deno.Command("setpriv", {
      ...io,
      args: [...asUser(options.user), Deno.execPath(), ...deno],
      env: { DENO_DIR: await copyPackages(`${temp}/deno`), HOME: temp },
    }).spawn()
    : new Deno.Command(Deno.execPath(), { ...io, args: deno }).spawn();
  const input = child.stdin.getWriter();
  const calls = new Map<number, PromiseWithResolvers<unknown>>();
  const reading = (async () => {
    for await (const line of linesOf(child.stdout)) {
      const { id, value, error }: Answer = JSON.parse(line);
      if (error === undefined) calls.get(id)?.resolve(value);
      else calls.get(id)?.reject(new Error(error));
    }
    for (const { reject } of calls.values()) reject(new Error("The process has ended"));
  })();
  const kill = async () => {
    sendSignal(child, "SIGKILL");
    await Promise.all([child.status, reading]);
    await input.close().catch(() => {});
  };
  return {
    call: async (method, argument) => {
      const id = calls.size;
      const answer = Promise.withResolvers<unknown>();
      calls.set(id, answer);
      const call: Call = { id, method, argument };
      await input.write(new TextEncoder().encode(`${JSON.stringify(call)}\n`));
      return await answer.promise as never;
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

function asUser({ uid, gid }: FileOwner): string[] {
  return ["--reuid", `${uid}`, "--regid", `${gid}`, "--clear-groups"];
}

/** Another user may not read the packages in root's home. */
async function copyPackages(denoDir: string): Promise<string> {
  const info = async (...args: string[]) => {
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", ...args] })
      .output();
    return JSON.parse(new TextDecoder().decode(stdout));
  };
  const [{ npmCache }, { npmPackages }] = await Promise.all([info(), info(import.meta.url)]);
  // With the file beside each package's versions that lists them.
  const folders = Object.values<{ localPath: string }>(npmPackages)
    .map(({ localPath }) => relative(npmCache, dirname(localPath)));
  await Deno.mkdir(`${denoDir}/npm`, { recursive: true });
  const script = 'to="$0" && cp -r --parents "$@" "$to/npm" && chmod -R a+rX "$to" && chmod a+w "$to"';
  const args = ["-c", script, denoDir, ...new Set(folders)];
  const { success } = await new Deno.Command("sh", { args, cwd: npmCache }).output();
  if (!success) throw new Error("The packages cannot be copied");
  return denoDir;
}

async function serve({ variables, objects }: Setup): Promise<void> {
  const config = parseDockerRunnerConfig(variables);
  await using runner = createDockerRunner({ config, store: new FolderObjectStore(objects) });
  for await (const line of linesOf(Deno.stdin.readable)) {
    const { id, method, argument }: Call = JSON.parse(line);
    const answer = (answer: Omit<Answer, "id">) => console.log(JSON.stringify({ id, ...answer }));
    runner[method](argument as never).then(
      (value) => answer({ value }),
      (error) => answer({ error: String(error) }),
    );
  }
}

if (import.meta.main) await serve(JSON.parse(Deno.args[0]!));
