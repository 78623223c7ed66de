/**
 * Runs the tests of the repository it is started in and prints, as the very last line, `N passed, N failed`.
 *
 * `run_tests.ts [--gate] [--fast] [--no-check] [PATH…] [OPTIONS of deno test]`: without paths, the tests in tests/ (not
 * tests/bench) and the examples in the library's documentation. `--fast` runs the unit tests and a handful of others;
 * `--gate` runs `deno task ok` first, whose unit tests count and are not repeated. Anything that keeps tests from
 * running (a type error, a crash, a signal, no tests at all) counts as a failure, too.
 *
 * Test files that need servers run a few at a time; {@linkcode planTests} says which ones run beside which. Where
 * there are many, several share a process ({@linkcode divideFiles}). The output of a process is printed at its end.
 *
 * @module
 */
import { divideFiles, GroupModules } from "./test_groups.ts";
import { runLanes } from "./test_lanes.ts";
import { exists, planTests, type ServerTests } from "./test_plan.ts";
import { type Outcome, runDeno } from "./test_process.ts";
import { TestTally } from "./test_tally.ts";

/** How many processes for files that need servers run side by side: most use less than a third of a core. */
const LANES = Number(Deno.env.get("BERTH_TEST_LANES") ?? 4);
/** How many files that need a calm machine run side by side: two leave half of two cores idle. */
const CALM_LANES = 2;
/** How many files share a process at most, if all lanes have enough to do. */
const GROUP_SIZE = 4;
/** Groups of files that run side by side in one process. The unit tests wait more than others. */
const UNIT_GROUPS = 4 * navigator.hardwareConcurrency;
const IN_PROCESS_GROUPS = 2 * navigator.hardwareConcurrency;
const SERVER_VARIABLE = /^(?:MINIO|MONGO|NATS)_/;

const interruption = new AbortController();
const tally = new TestTally();

async function main(args: string[]): Promise<number> {
  // Services that run side by side would all want one port.
  Deno.env.set("HTTP_ADDR", "off");
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => interruption.abort(signal));
  }
  const isOwn = (arg: string) => ["--gate", "--fast", "--no-check"].includes(arg);
  const given = args.filter((arg) => !isOwn(arg));
  const isPath = (arg: string, index: number) => given[index - 1] !== "--filter" && exists(arg);
  const options = given.filter((arg, index) => !isPath(arg, index));
  const missing = options.find((option) => /^[^-].*\.ts$/.test(option));
  if (missing !== undefined) {
    console.error(`There is no file ${missing}`);
    console.log("0 passed, 1 failed");
    return 1;
  }
  const plan = planTests(given.filter(isPath), args.includes("--fast"));
  using modules = new GroupModules();
  const unitIsRun = args.includes("--gate") && await runGate();
  // The gate has checked the types of all files.
  const isChecked = unitIsRun || args.includes("--no-check");
  const inOneProcess = { modules, options: isChecked ? ["--no-check", ...options] : options };
  if (!unitIsRun) await runSideBySide(plan.unit, UNIT_GROUPS, "the unit tests", inOneProcess);
  await runSideBySide(plan.inProcess, IN_PROCESS_GROUPS, "the tests in one process", inOneProcess);
  if (isChecked || await typesAreRight(Object.values(plan.withServers).flat())) {
    await runWithServers(plan.withServers, modules, options);
  }
  if (plan.documented.length > 0) {
    const args = ["test", "-A", "--doc", ...options, ...plan.documented];
    const outcome = await run(args, "the examples", { isLive: true });
    if (outcome) tally.add(outcome, "the examples");
  }
  return tally.show(interruption.signal.reason) ? 0 : 1;
}

/** Runs the tests of a plan that need servers. */
async function runWithServers(plan: ServerTests, modules: GroupModules, options: string[]): Promise<void> {
  const { longest, lanes, waiting, calm, alone } = plan;
  const isOne = Object.values(plan).flat().length === 1;
  const test = (groups: readonly string[][], lanes: number, isLive = isOne) => {
    const runOne = (group: string[]) => runGroup(group, { modules, options, isLive });
    return runLanes(groups, lanes, runOne, interruption.signal);
  };
  const groups = divideFiles(lanes, Math.max(2 * LANES, Math.ceil(lanes.length / GROUP_SIZE)));
  await Promise.all([
    test([...each(longest), ...groups], LANES).then(() => test(each(calm), CALM_LANES)),
    test(each(waiting), 1),
  ]);
  await test(each(alone), 1, true);
}

function each(files: readonly string[]): string[][] {
  return files.map((file) => [file]);
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
  const outcome = await run(["task", "ok"], "the gate", { isLive: true, env });
  if (outcome && (!outcome.success || outcome.counts)) tally.add(outcome, "The gate (deno task ok)");
  return outcome?.counts !== undefined;
}

/** Files in lanes are not checked one by one: the checker reads everything that they import anew for each. */
async function typesAreRight(files: string[]): Promise<boolean> {
  if (files.length === 0) return false;
  const outcome = await run(["check", "--quiet", ...files], "the type check", { isLive: true });
  if (!outcome) return false;
  if (!outcome.success) tally.add(outcome, "The type check of the tests");
  return outcome.success;
}

/** Runs files that need no servers, in groups beside each other in one process. */
async function runSideBySide(
  files: readonly string[],
  groups: number,
  name: string,
  { modules, options }: { modules: GroupModules; options: readonly string[] },
): Promise<void> {
  if (files.length === 0) return;
  const paths = divideFiles(files, groups).map((group) => modules.make(group));
  const env = { ...Deno.env.toObject(), DENO_JOBS: String(groups) };
  const outcome = await run(["test", "-A", "--parallel", ...options, ...paths], name, { isLive: true, env });
  if (outcome) tally.add(outcome, name);
}

/**
 * Runs files in one process. If it crashes or hangs, each runs once more in a process of its own, so that one takes no
 * other's results with it.
 *
 * @returns Whether they succeeded.
 */
async function runGroup(
  files: readonly string[],
  { modules, options, isLive }: { modules: GroupModules; options: readonly string[]; isLive: boolean },
): Promise<boolean> {
  const name = files.join(", ");
  const outcome = await run(["test", "-A", "--no-check", ...options, modules.make(files)], name, { isLive });
  if (!outcome) return false;
  if (outcome.counts || files.length === 1) {
    tally.add(outcome, name);
    return outcome.success;
  }
  console.error(`${name} ended without a result: each runs alone`);
  const successes: boolean[] = [];
  for (const file of files) successes.push(await runGroup([file], { modules, options, isLive }));
  // They crash only together.
  if (!successes.includes(false)) tally.add(outcome, name);
  return false;
}

/** Nothing is started any more once the run is interrupted. */
async function run(
  args: string[],
  name: string,
  options: { isLive: boolean; env?: Record<string, string> },
): Promise<Outcome | undefined> {
  if (interruption.signal.aborted) return undefined;
  const begin = performance.now();
  const outcome = await runDeno(args, { ...options, name, signal: interruption.signal });
  tally.took(name, performance.now() - begin);
  return outcome;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
