/**
 * Runs the tests of the repository it is started in and prints, as the very last line, `N passed, N failed`.
 *
 * `run_tests.ts [--gate] [--fast] [PATH…] [OPTIONS of deno test]`: without paths, the tests in tests/ (not
 * tests/bench) and the examples in the library's documentation. `--fast` runs the unit tests and a handful of others;
 * `--gate` runs `deno task ok` first, whose unit tests count and are not repeated. Anything that keeps tests from
 * running (a type error, a crash, a signal, no tests at all) counts as a failure, too.
 *
 * Test files that need servers run a few at a time; {@linkcode planTests} says which ones run beside which. Their
 * output is printed file by file.
 *
 * @module
 */
import { type Counts, type Outcome, runDeno } from "./test_process.ts";
import { exists, planTests } from "./test_plan.ts";

/** How many files that need servers run side by side: most use less than a third of a core. */
const LANES = Number(Deno.env.get("BERTH_TEST_LANES") ?? 4);
/** How many of them run however busy the machine is. */
const MIN_LANES = 2;
/** How many files that need a calm machine run side by side: two leave half of two cores idle. */
const CALM_LANES = 2;
/** Load of a processor above which no further lane begins a file: it would only take longer, and time limits with it. */
const MAX_LOAD = 3;
/** How often to look at the load, in ms. */
const LOAD_LOOK_MS = 2_000;
/** How many files that need no servers run side by side in a process: some wait more than they compute. */
const JOBS = Deno.env.get("DENO_JOBS") ?? String(Math.max(4, navigator.hardwareConcurrency));
const SERVER_VARIABLE = /^(?:MINIO|MONGO|NATS)_/;

const interruption = new AbortController();
const total: Counts = { passed: 0, failed: 0 };
/** The errors of each process that failed. */
const reports: string[] = [];
const MAX_REPORT_LENGTH = 6000;
/** How long each process ran, in seconds. */
const durations: { name: string; seconds: number }[] = [];
const SHOWN_DURATIONS = 15;

async function main(args: string[]): Promise<number> {
  // Services that run side by side would all want one port.
  Deno.env.set("HTTP_ADDR", "off");
  Deno.env.set("DENO_JOBS", JOBS);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => interruption.abort(signal));
  }
  const [gate, fast] = [args.includes("--gate"), args.includes("--fast")];
  const own = args.filter((arg) => arg !== "--gate" && arg !== "--fast");
  const isPath = (arg: string, index: number) => own[index - 1] !== "--filter" && exists(arg);
  const options = own.filter((arg, index) => !isPath(arg, index));
  const missing = options.find((option) => /^[^-].*\.ts$/.test(option));
  if (missing !== undefined) {
    console.error(`There is no file ${missing}`);
    console.log("0 passed, 1 failed");
    return 1;
  }
  const plan = planTests(own.filter(isPath), fast);

  const isChecked = gate && await runGate();
  if (isChecked) plan.unit = [];
  const { unit, inProcess, lanes, waiting, calm, alone, documented } = plan;
  const withServers = [...lanes, ...waiting, ...calm, ...alone];
  const isOne = withServers.length === 1;
  if (unit.length > 0) await runTests(["--parallel", ...options, ...unit], "the unit tests");
  if (inProcess.length > 0) {
    const checked = isChecked ? ["--no-check"] : [];
    await runTests(["--parallel", ...checked, ...options, ...inProcess], "the tests in one process");
  }
  if (isChecked || await typesAreRight(withServers)) {
    const test = (files: readonly string[], lanes: number, isLive = isOne) =>
      runLanes(files, lanes, (file) => runTests(["--no-check", ...options, file], file, isLive));
    await Promise.all([test(lanes, LANES).then(() => test(calm, CALM_LANES)), test(waiting, 1)]);
    await test(alone, 1, true);
  }
  if (documented.length > 0) await runTests(["--doc", ...options, ...documented], "the examples");

  if (interruption.signal.aborted) {
    console.error(`The tests were interrupted by ${interruption.signal.reason}`);
    total.failed = Math.max(total.failed, 1);
  } else if (total.passed + total.failed === 0) {
    console.error("No test was run");
    total.failed = 1;
  }
  if (durations.length > SHOWN_DURATIONS) showLongest();
  // Once more at the end: the output before it may be long, and only its end may be kept.
  for (const report of reports) console.error(`\nFailed: ${report}`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
}

function showLongest(): void {
  console.error("\nWhat took longest:");
  for (
    const { name, seconds } of durations.toSorted((a, b) => b.seconds - a.seconds).slice(0, SHOWN_DURATIONS)
  ) {
    console.error(`${String(seconds).padStart(5)} s  ${name}`);
  }
}

/**
 * Runs the gate. It needs no servers, and sees none: a program that a test starts would use them.
 *
 * @returns Whether it has run the unit tests, its last step: then it has also checked the types of all files.
 */
async function runGate(): Promise<boolean> {
  console.log("The gate: deno task ok");
  const env = Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !SERVER_VARIABLE.test(name)),
  );
  const outcome = await run(["task", "ok"], "the gate", true, env);
  if (outcome && (!outcome.success || outcome.counts)) add(outcome, "The gate (deno task ok)");
  return outcome?.counts !== undefined;
}

/** Files in lanes are not checked one by one: the checker reads everything that they import anew for each. */
async function typesAreRight(files: string[]): Promise<boolean> {
  if (files.length === 0) return false;
  const outcome = await run(["check", "--quiet", ...files], "the type check", true);
  if (!outcome) return false;
  if (!outcome.success) add(outcome, "The type check of the tests");
  return outcome.success;
}

async function runLanes(files: readonly string[], lanes: number, test: (file: string) => Promise<void>) {
  const waiting = [...files];
  let running = 0;
  const runLane = async () => {
    while (true) {
      while (running >= MIN_LANES && waiting.length > 0 && isBusy() && !interruption.signal.aborted) {
        await new Promise((resolve) => setTimeout(resolve, LOAD_LOOK_MS));
      }
      const file = waiting.shift();
      if (file === undefined) return;
      running++;
      await test(file).finally(() => running--);
    }
  };
  await Promise.all(Array.from({ length: lanes }, runLane));
}

function isBusy(): boolean {
  return Deno.loadavg()[0]! > MAX_LOAD * navigator.hardwareConcurrency;
}

async function runTests(args: string[], name: string, isLive = true): Promise<void> {
  const outcome = await run(["test", "-A", ...args], name, isLive);
  if (outcome) add(outcome, name);
}

/** Nothing is started any more once the run is interrupted. */
async function run(
  args: string[],
  name: string,
  isLive: boolean,
  env?: Record<string, string>,
): Promise<Outcome | undefined> {
  if (interruption.signal.aborted) return undefined;
  const begin = performance.now();
  const outcome = await runDeno(args, { name, isLive, signal: interruption.signal, env });
  durations.push({ name, seconds: Math.round((performance.now() - begin) / 1000) });
  return outcome;
}

/** Adds what a process has counted; one that failed without a failed test counts as one failed test. */
function add({ success, counts = { passed: 0, failed: 0 }, report }: Outcome, name: string): void {
  total.passed += counts.passed;
  total.failed += counts.failed;
  if (success) return;
  reports.push(`${name}:\n${report.slice(-MAX_REPORT_LENGTH)}`);
  if (counts.failed > 0) return;
  console.error(`${name} failed; this counts as one failed test`);
  total.failed++;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
