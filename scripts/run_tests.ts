/**
 * Runs every test of the repository it is started in and prints, as the very last line, `N passed, N failed`.
 *
 * `run_tests.ts [--gate] [PATH…] [OPTIONS of deno test]`: without paths, the tests in tests/ (not tests/bench) and
 * the examples in the library's documentation; `--gate` runs `deno task ok` first and counts its failure as one.
 * Whatever keeps tests from running (a type error, a crash, a signal, no tests at all) counts as a failure too.
 *
 * @module
 */

/** What one run amounted to. */
interface Counts {
  passed: number;
  failed: number;
}

const TEST_FOLDERS = ["tests/unit", "tests/scripts", "tests/contract", "tests/engine"];
const DOCUMENTED = ["mod.ts", "lib"];

// deno-lint-ignore no-control-regex
const COLOUR = /\x1b\[[0-9;]*m/g;
const SERVER_VARIABLE = /^(?:MINIO|MONGO|NATS)_/;
/** Deno's own line about a test that takes long: no sign of life. */
const STILL_RUNNING = /has been running for over/;
/** How long a run may go without a line of output. The long forms of some tests take a quarter of an hour. */
const STALL_MS = 60_000 * Number(
  Deno.env.get("BERTH_TEST_STALL_MINUTES") ?? (Deno.env.get("BERTH_TEST_FULL") ? 60 : 8),
);
/** How long a run may take to end after a signal, before it is killed. */
const KILL_AFTER_MS = 20_000;
const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed/;

let interrupted: Deno.Signal | undefined;
let running: Deno.ChildProcess | undefined;

async function main(args: string[]): Promise<number> {
  const gate = args.includes("--gate");
  const options = args.filter((arg) => arg !== "--gate");
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {
      interrupted ??= signal;
      stopRunning(signal);
    });
  }

  const total: Counts = { passed: 0, failed: 0 };
  if (gate && !await gatePasses()) total.failed++;
  for (const run of plannedRuns(options)) {
    if (interrupted) break;
    const counts = await runTests(run);
    total.passed += counts.passed;
    total.failed += counts.failed;
  }
  if (interrupted) {
    console.error(`The tests were interrupted by ${interrupted}`);
    total.failed = Math.max(total.failed, 1);
  } else if (total.passed + total.failed === 0) {
    console.error("No test was run");
    total.failed = 1;
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
}

/** The argument lists for `deno test`: folders that are not there yet are left out. */
function plannedRuns(options: string[]): string[][] {
  if (options.some(exists)) return [options];
  const folders = TEST_FOLDERS.filter(exists);
  const documented = DOCUMENTED.filter(exists);
  const runs: string[][] = [];
  if (folders.length > 0) runs.push([...options, ...folders]);
  if (documented.length > 0) runs.push(["--doc", ...options, ...documented]);
  return runs;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * The gate's own tests are not counted: the runs after it repeat them. It needs no servers, and sees none:
 * a program that a test starts would use them.
 */
async function gatePasses(): Promise<boolean> {
  console.log("The gate: deno task ok");
  const env = Deno.env.toObject();
  for (const name of Object.keys(env)) if (SERVER_VARIABLE.test(name)) delete env[name];
  running = new Deno.Command(Deno.execPath(), { args: ["task", "ok"], stdin: "null", clearEnv: true, env })
    .spawn();
  const limit = setTimeout(() => stopStalled("the gate"), STALL_MS);
  const { success } = await running.status;
  clearTimeout(limit);
  if (!success) console.error("The gate (deno task ok) failed; this counts as one failed test");
  return success;
}

async function runTests(args: string[]): Promise<Counts> {
  running = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", ...args],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const counts = await relay(running.stdout as ReadableStream<Uint8Array>);
  const { success } = await running.status;
  if (counts && (success || counts.failed > 0)) return counts;
  console.error(`'deno test ${args.join(" ")}' failed; this counts as one failed test`);
  return { passed: counts?.passed ?? 0, failed: 1 };
}

/** Passes the output on as it comes, and returns the counts in its last summary line. */
async function relay(output: ReadableStream<Uint8Array>): Promise<Counts | undefined> {
  const decoder = new TextDecoder();
  let counts: Counts | undefined;
  let rest = "";
  let limit = setTimeout(() => stopStalled("the last test above"), STALL_MS);
  for await (const chunk of output) {
    for (let written = 0; written < chunk.length;) {
      written += await Deno.stdout.write(chunk.subarray(written));
    }
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    if (lines.some((line) => line !== "" && !STILL_RUNNING.test(line))) {
      clearTimeout(limit);
      limit = setTimeout(() => stopStalled("the last test above"), STALL_MS);
    }
    // A test may print a line without an end: the summary is short, so only the tail of one matters.
    rest = (lines.pop() ?? "").slice(-10_000);
    for (const line of lines) {
      const match = SUMMARY.exec(line.replaceAll(COLOUR, ""));
      if (match) counts = { passed: Number(match[1]), failed: Number(match[2]) };
    }
  }
  clearTimeout(limit);
  // The name of a test that was ended stands there without an end.
  if (rest !== "") console.log();
  return counts;
}

/** Ends a run that hangs, so that the tests after it are run, and the counts are printed. */
function stopStalled(what: string): void {
  console.error(`Nothing was printed for ${STALL_MS / 60_000} minutes: ${what} hangs and is ended`);
  stopRunning("SIGTERM");
  const stalled = running;
  const kill = setTimeout(() => stalled?.kill("SIGKILL"), KILL_AFTER_MS);
  stalled?.status.finally(() => clearTimeout(kill));
}

function stopRunning(signal: Deno.Signal): void {
  try {
    running?.kill(signal);
  } catch {
    // It has ended already.
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
