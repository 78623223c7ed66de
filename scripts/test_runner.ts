/**
 * Runs the parts of a test run as processes.
 *
 * @module
 */
import { divideFiles, GroupModules } from "./test_groups.ts";
import { runLanes } from "./test_lanes.ts";
import type { TestsBeside } from "./test_plan.ts";
import { type Outcome, runDeno } from "./test_process.ts";
import type { TestTally } from "./test_tally.ts";

/** How many processes run side by side at most: each has up to 300 MB of memory, with the services that it starts. */
const LANES = Number(Deno.env.get("BERTH_TEST_LANES") ?? 6);
/** How many files that need a calm machine run side by side: two leave half of two cores idle. */
const CALM_LANES = 2;
/** How many files share a process, if there are more than a few. */
const GROUP_SIZE = 4;
const MIN_GROUPS = 8;
/** Groups of unit tests in one process: they wait more than they compute. */
const UNIT_GROUPS = 4 * navigator.hardwareConcurrency;
/** Processes for the files that need no servers. */
const IN_PROCESS_GROUPS = 2 * navigator.hardwareConcurrency;
const SERVER_VARIABLE = /^(?:MINIO|MONGO|NATS)_/;

/** Options of a {@linkcode TestRunner}. */
export interface TestRunnerOptions {
  /** Options of `deno test`. */
  readonly options: readonly string[];
  /** Adds up the outcomes. */
  readonly tally: TestTally;
  /** Interrupts the run. Its reason is the name of a signal, which the processes get. */
  readonly signal: AbortSignal;
}

/** Runs tests. Files that share a process share the modules that they load. */
export class TestRunner implements Disposable {
  readonly #options: TestRunnerOptions;
  readonly #modules = new GroupModules();

  /** @param options See {@linkcode TestRunnerOptions}. */
  constructor(options: TestRunnerOptions) {
    this.#options = options;
  }

  /** Runs the unit tests. @param isChecked Whether their types are known to be right. */
  async runUnit(files: readonly string[], isChecked: boolean): Promise<void> {
    if (files.length === 0) return;
    const paths = divideFiles(files, UNIT_GROUPS).map((group) => this.#modules.make(group));
    const args = ["test", "-A", "--parallel", ...isChecked ? ["--no-check"] : [], ...this.#options.options];
    const env = { ...Deno.env.toObject(), DENO_JOBS: String(UNIT_GROUPS) };
    await this.#count([...args, ...paths], "the unit tests", { isLive: true, env });
  }

  /** Checks types. Files in lanes are not checked one by one: the checker reads what they import anew for each. */
  async checkTypes(files: readonly string[]): Promise<boolean> {
    if (files.length === 0) return false;
    const outcome = await this.#run(["check", "--quiet", ...files], "the type check", { isLive: true });
    if (outcome?.success === false) this.#options.tally.add(outcome, "The type check of the tests");
    return outcome?.success === true;
  }

  /**
   * Runs the gate. It needs no servers, and sees none: a program that a test starts would use them.
   *
   * @returns Whether it has run the unit tests, its last step.
   */
  async runGate(): Promise<boolean> {
    console.log("The gate: deno task ok");
    const env = Object.fromEntries(
      Object.entries(Deno.env.toObject()).filter(([name]) => !SERVER_VARIABLE.test(name)),
    );
    const outcome = await this.#run(["task", "ok"], "the gate", { isLive: false, env });
    if (outcome && (!outcome.success || outcome.counts)) {
      this.#options.tally.add(outcome, "The gate (deno task ok)");
    }
    return outcome?.counts !== undefined;
  }

  /**
   * Runs tests in processes beside each other, without a check of types.
   *
   * @param plan The files.
   * @param gate Runs beside the first of them.
   */
  async runBeside(plan: TestsBeside, gate?: () => Promise<void>): Promise<void> {
    const { longest, inProcess, lanes, waiting, calm, alone } = plan;
    const isOne = Object.values(plan).flat().length === 1;
    const test = (groups: readonly string[][], isLive = isOne) =>
      groups.map((group) => () => this.#runGroup(group, isLive));
    const first = [
      ...gate ? [gate] : [],
      ...test(each(longest)),
      ...test(divideFiles(inProcess, IN_PROCESS_GROUPS)),
      ...test(divideFiles(lanes, Math.max(MIN_GROUPS, Math.ceil(lanes.length / GROUP_SIZE)))),
    ];
    const { signal } = this.#options;
    await Promise.all([
      runLanes(first, LANES, signal).then(() => runLanes(test(each(calm)), CALM_LANES, signal)),
      runLanes(test(each(waiting)), 1, signal),
    ]);
    await runLanes(test(each(alone), true), 1, signal);
  }

  /** Runs the examples in documentation. @param paths Files and folders. */
  async runExamples(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const args = ["test", "-A", "--doc", ...this.#options.options, ...paths];
    await this.#count(args, "the examples", { isLive: true });
  }

  /**
   * Runs files in one process. If it crashes or hangs, each runs once more in a process of its own, so that one takes
   * no other's results with it.
   *
   * @returns Whether they succeeded.
   */
  async #runGroup(files: readonly string[], isLive: boolean): Promise<boolean> {
    const { options, tally } = this.#options;
    const name = files.join(", ");
    const args = ["test", "-A", "--no-check", ...options, this.#modules.make(files)];
    const outcome = await this.#run(args, name, { isLive });
    if (!outcome) return false;
    if (outcome.counts || files.length === 1) {
      tally.add(outcome, name);
      return outcome.success;
    }
    console.error(`${name} ended without a result: each runs alone`);
    const successes: boolean[] = [];
    for (const file of files) successes.push(await this.#runGroup([file], isLive));
    // They crash only together.
    if (!successes.includes(false)) tally.add(outcome, name);
    return false;
  }

  async #count(
    args: readonly string[],
    name: string,
    options: { isLive: boolean; env?: Record<string, string> },
  ): Promise<void> {
    const outcome = await this.#run(args, name, options);
    if (outcome) this.#options.tally.add(outcome, name);
  }

  /** Nothing is started any more once the run is interrupted. */
  async #run(
    args: readonly string[],
    name: string,
    options: { isLive: boolean; env?: Record<string, string> },
  ): Promise<Outcome | undefined> {
    const { signal, tally } = this.#options;
    if (signal.aborted) return undefined;
    const begin = performance.now();
    const outcome = await runDeno(args, { ...options, name, signal });
    tally.took(name, performance.now() - begin);
    return outcome;
  }

  /** Removes what it has made. */
  [Symbol.dispose](): void {
    this.#modules[Symbol.dispose]();
  }
}

function each(files: readonly string[]): string[][] {
  return files.map((file) => [file]);
}
