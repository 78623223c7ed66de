/**
 * The outcomes of a test run's processes, added up.
 *
 * @module
 */
import type { Counts, Outcome } from "./test_process.ts";

/** The end of a process's errors that is shown once more at the end of a run, in characters. */
const MAX_REPORT_LENGTH = 6000;
/** How many of the longest processes are shown. A run with fewer shows none. */
const SHOWN_DURATIONS = 15;

/** Adds up outcomes and shows them. */
export class TestTally {
  readonly #total: Counts = { passed: 0, failed: 0 };
  readonly #reports: string[] = [];
  readonly #durations: { name: string; seconds: number }[] = [];

  /** Notes how long a process ran. @param ms In ms. */
  took(name: string, ms: number): void {
    this.#durations.push({ name, seconds: Math.round(ms / 1000) });
  }

  /** Adds what a process has counted; one that failed without a failed test counts as one failed test. */
  add({ success, counts = { passed: 0, failed: 0 }, report }: Outcome, name: string): void {
    this.#total.passed += counts.passed;
    this.#total.failed += counts.failed;
    if (success) return;
    this.#reports.push(`${name}:\n${report.slice(-MAX_REPORT_LENGTH)}`);
    if (counts.failed > 0) return;
    console.error(`${name} failed; this counts as one failed test`);
    this.#total.failed++;
  }

  /**
   * Shows the run. Errors are shown once more: the output before may be long, and only its end may be kept.
   *
   * @param interruption The signal that ended the run early, if one has.
   * @returns Whether it succeeded.
   */
  show(interruption?: string): boolean {
    const total = this.#total;
    if (interruption !== undefined) {
      console.error(`The tests were interrupted by ${interruption}`);
      total.failed = Math.max(total.failed, 1);
    } else if (total.passed + total.failed === 0) {
      console.error("No test was run");
      total.failed = 1;
    }
    if (this.#durations.length > SHOWN_DURATIONS) this.#showLongest();
    for (const report of this.#reports) console.error(`\nFailed: ${report}`);
    console.log(`${total.passed} passed, ${total.failed} failed`);
    return total.failed === 0;
  }

  #showLongest(): void {
    console.error("\nWhat took longest:");
    const longest = this.#durations.toSorted((a, b) => b.seconds - a.seconds).slice(0, SHOWN_DURATIONS);
    for (const { name, seconds } of longest) console.error(`${String(seconds).padStart(5)} s  ${name}`);
  }
}
