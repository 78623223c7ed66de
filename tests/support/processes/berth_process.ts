/**
 * Berth as users run it: `main.ts start`, under exactly the permissions that `berth permissions` prints.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { servicePermissions } from "../../../cli/commands/permissions_command.ts";
import { parseServiceConfig } from "../../../services/config.ts";
import { until } from "../until.ts";
import { linesOf, sendSignal } from "./child_process.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** How long one may take to end after SIGTERM, in ms: with its bots' grace periods, on a busy machine. */
const END_LIMIT_MS = 180_000;

/** A Berth that runs. Disposing ends it with SIGTERM, and fails when it does not end well. */
export interface BerthProcess extends AsyncDisposable {
  /** Its process id. */
  readonly pid: number;
  /** Its log records so far, a line a record. */
  readonly lines: readonly string[];
  /** Resolves when it has ended. */
  readonly status: Promise<Deno.CommandStatus>;
  /** Waits for a line of its log, from one that it has already on. */
  logged(pattern: RegExp, limitMs?: number): Promise<string>;
  /** Sends a signal. */
  signal(name: Deno.Signal): void;
  /** Kills it at once, and waits for its end. */
  kill(): Promise<void>;
}

/**
 * Starts Berth.
 *
 * @param env Its whole configuration; nothing of this process's environment is passed on.
 * @param flags Its permissions. @default {those that `berth permissions` prints}
 * @param args The arguments after `start`.
 * @param makeCommand Makes the process, in a place of its own for example. @default {a process of this machine}
 */
export function startBerth(
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = servicePermissions(parseServiceConfig(env)),
  args: readonly string[] = [],
  makeCommand = (program: string, options: Deno.CommandOptions) => new Deno.Command(program, options),
): BerthProcess {
  return startProgram(env, [...flags, "main.ts", "start", ...args], makeCommand);
}

/**
 * Starts a program that logs and ends as Berth does.
 *
 * @param env Its whole environment.
 * @param args The arguments after `deno run`: its permissions, and its path in the repository.
 * @param makeCommand Makes the process. @default {a process of this machine}
 */
export function startProgram(
  env: Readonly<Record<string, string>>,
  args: readonly string[],
  makeCommand = (program: string, options: Deno.CommandOptions) => new Deno.Command(program, options),
): BerthProcess {
  const child = makeCommand(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-check", "--cached-only", ...args],
    cwd: ROOT,
    clearEnv: true,
    env: { DENO_DIR: denoDir(), ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  const reading = [child.stdout, child.stderr].map((stream) => collect(stream, lines));
  let isOver = false;
  const status = child.status.then(async (status) => {
    await Promise.all(reading);
    isOver = true;
    return status;
  });
  const signal = (name: Deno.Signal) => sendSignal(child, name);
  return {
    pid: child.pid,
    lines,
    status,
    signal,
    async logged(pattern, limitMs = 60_000) {
      let line: string | undefined;
      const find = () => (line = lines.find((each) => pattern.test(each))) !== undefined;
      try {
        await until(`a line ${pattern}`, () => find() || isOver, limitMs);
      } catch (error) {
        throw new Error(`${(error as Error).message}; the last lines:\n${lines.slice(-30).join("\n")}`);
      }
      assert.ok(line, `Berth ended without a line ${pattern}:\n${lines.slice(-30).join("\n")}`);
      return line;
    },
    async kill() {
      signal("SIGKILL");
      await status;
    },
    async [Symbol.asyncDispose]() {
      if (isOver) return;
      signal("SIGTERM");
      // A test that failed may have left it standing still.
      signal("SIGCONT");
      await until("the end of Berth", () => isOver, END_LIMIT_MS).catch(async (error: Error) => {
        signal("SIGKILL");
        await status;
        throw new Error(`${error.message}; the last lines:\n${lines.slice(-30).join("\n")}`);
      });
      const { code } = await status;
      // Told to end before it could hear that.
      if (!lines.some((line) => line.includes("service started"))) return;
      assert.equal(code, 0, `Berth did not end well:\n${lines.slice(-30).join("\n")}`);
    },
  };
}

/**
 * The warnings and errors that a Berth has logged, without those that say that it waits for a server: a busy machine
 * keeps one waiting.
 *
 * @param berth The Berth.
 */
export function warningsOf({ lines }: Pick<BerthProcess, "lines">): string[] {
  return lines.filter((line) => / (warning|error) /.test(line) && !/ waiting for=/.test(line));
}

async function collect(stream: ReadableStream<Uint8Array>, lines: string[]): Promise<void> {
  for await (const line of linesOf(stream)) lines.push(line);
}

let cachedDenoDir: string | undefined;

/** Where the packages are: by default below HOME, which is the test's own. */
function denoDir(): string {
  if (cachedDenoDir) return cachedDenoDir;
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return cachedDenoDir = JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
