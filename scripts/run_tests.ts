/**
 * Runs the tests of the repository it is started in and prints, as the very last line, `N passed, N failed`.
 *
 * `run_tests.ts [--gate] [--fast] [--no-check] [PATH…] [OPTIONS of deno test]`: without paths, the tests in tests/ (not
 * tests/bench) and the examples in the library's documentation. `--fast` runs the unit tests and a handful of others;
 * `--gate` also runs `deno task ok`, whose unit tests count and are not repeated. Anything that keeps tests from
 * running (a type error, a crash, a signal, no tests at all) counts as a failure, too.
 *
 * Most test files run a few at a time; {@linkcode planTests} says which ones run beside which. The output of a process
 * that runs beside others is printed at its end.
 *
 * @module
 */
import { exists, planTests } from "./test_plan.ts";
import { TestRunner } from "./test_runner.ts";
import { TestTally } from "./test_tally.ts";

const OWN_OPTIONS = ["--gate", "--fast", "--no-check"];

async function main(args: string[]): Promise<number> {
  // Services that run side by side would all want one port.
  Deno.env.set("HTTP_ADDR", "off");
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => interruption.abort(signal));
  }
  const given = args.filter((arg) => !OWN_OPTIONS.includes(arg));
  const isPath = (arg: string, index: number) => given[index - 1] !== "--filter" && exists(arg);
  const options = given.filter((arg, index) => !isPath(arg, index));
  const missing = options.find((option) => /^[^-].*\.ts$/.test(option));
  if (missing !== undefined) {
    console.error(`There is no file ${missing}`);
    console.log("0 passed, 1 failed");
    return 1;
  }
  const { unit, beside, documented } = planTests(given.filter(isPath), args.includes("--fast"));
  const tally = new TestTally();
  const { signal } = interruption;
  using runner = new TestRunner({ options, tally, signal });
  if (args.includes("--gate")) {
    let isUnitRun = false;
    await runner.runBeside(beside, async () => void (isUnitRun = await runner.runGate()));
    if (!isUnitRun) await runner.runUnit(unit, false);
  } else {
    const isChecked = args.includes("--no-check");
    await runner.runUnit(unit, isChecked);
    if (isChecked || await runner.checkTypes(Object.values(beside).flat())) await runner.runBeside(beside);
  }
  await runner.runExamples(documented);
  return tally.show(signal.reason) ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
