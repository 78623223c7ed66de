/**
 * One process of a test run: a `deno` command whose output is passed on, counted, and watched for a standstill.
 *
 * @module
 */

/** The number of tests that passed, and of those that did not. */
export interface Counts {
  passed: number;
  failed: number;
}

/** How a process ended. */
export interface Outcome {
  /** Whether it ended with exit code 0. */
  success: boolean;
  /** From the last summary that it printed, if it printed any. */
  counts: Counts | undefined;
  /** The errors that it reported; empty if there are none. */
  report: string;
}

/** Options of {@linkcode runDeno}. */
export interface RunDenoOptions {
  /** Its name in messages. */
  name: string;
  /** Whether its output is printed as it comes, or when it has ended: processes side by side do not mix theirs. */
  isLive: boolean;
  /** Ends the process. Its reason is the name of the signal to send. */
  signal: AbortSignal;
  /** Its whole environment, if it differs. */
  env?: Record<string, string>;
}

/** How long a process may go without a line of output. The long forms of some tests take a quarter of an hour. */
const STALL_MS = 60_000 * Number(
  Deno.env.get("BERTH_TEST_STALL_MINUTES") ?? (Deno.env.get("BERTH_TEST_FULL") ? 60 : 8),
);
/** How long what a process has left may take to end, and how often to look, in ms. */
const GROUP_END_MS = 10_000;
const GROUP_LOOK_MS = 100;
/** How long a process may take to end after a signal, before it is killed. */
const KILL_AFTER_MS = 20_000;
// deno-lint-ignore no-control-regex
const COLOUR = /\x1b\[[0-9;]*m/g;
const NEWLINE = 10;
/** Deno's own line about a test that takes long: no sign of life. */
const STILL_RUNNING = /has been running for over/;
const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed/;

/** Runs `deno` with these arguments. */
export async function runDeno(args: readonly string[], options: RunDenoOptions): Promise<Outcome> {
  const { name, isLive, signal, env } = options;
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: isLive ? "inherit" : "piped",
    // A group of its own, so that what it has started can be ended with it.
    detached: true,
    ...(env && { clearEnv: true, env }),
  }).spawn();
  let killer: ReturnType<typeof setTimeout> | undefined;
  const end = (name: Deno.Signal) => {
    tryKill(child, name);
    killer ??= setTimeout(() => tryKill(child, "SIGKILL"), KILL_AFTER_MS);
  };
  const onAbort = () => end(signal.reason as Deno.Signal);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);

  let stall: ReturnType<typeof setTimeout> | undefined;
  let isStalled = false;
  const watch = () => {
    clearTimeout(stall);
    stall = setTimeout(() => {
      isStalled = true;
      end("SIGTERM");
    }, STALL_MS);
  };
  watch();
  const kept: Uint8Array[] = [];
  let lastByte = NEWLINE;
  const pass = (chunk: Uint8Array) => {
    lastByte = chunk.at(-1) ?? lastByte;
    if (isLive) writeAll(chunk);
    else kept.push(chunk);
  };
  const reads = [readLines(child.stdout, pass, watch)];
  if (!isLive) reads.push(readLines(child.stderr, pass, watch));
  const [{ counts, report }] = await Promise.all(reads) as [Awaited<ReturnType<typeof readLines>>];
  const { success, signal: endedBy } = await child.status;
  if (endedBy !== null || signal.aborted) await endGroup(child.pid);
  clearTimeout(stall);
  clearTimeout(killer);
  signal.removeEventListener("abort", onAbort);
  // One that was ended in the middle of a line has not finished it.
  if (lastByte !== NEWLINE) pass(Uint8Array.of(NEWLINE));
  for (const chunk of kept) writeAll(chunk);
  if (isStalled) {
    console.error(`${name} printed nothing for ${STALL_MS / 60_000} minutes: it hangs and is ended`);
  }
  return { success, counts, report };
}

/** Ends the services and servers of a process that could not end them itself. @param leader Its process id. */
async function endGroup(leader: number): Promise<void> {
  const isThere = (signal: Deno.Signal) => {
    try {
      Deno.kill(-leader, signal);
      return true;
    } catch {
      return false;
    }
  };
  isThere("SIGTERM");
  // One that a test has stopped hears it only then.
  for (let waitedMs = 0; isThere("SIGCONT") && waitedMs < GROUP_END_MS; waitedMs += GROUP_LOOK_MS) {
    await new Promise((resolve) => setTimeout(resolve, GROUP_LOOK_MS));
  }
  isThere("SIGKILL");
}

/** Passes output on, and returns the counts in its last summary, and what the errors were. */
async function readLines(
  output: ReadableStream<Uint8Array>,
  pass: (chunk: Uint8Array) => void,
  onSignOfLife: () => void,
): Promise<{ counts?: Counts; report: string }> {
  const decoder = new TextDecoder();
  let counts: Counts | undefined;
  let isReport = false;
  const report: string[] = [];
  let rest = "";
  for await (const chunk of output) {
    pass(chunk);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    if (lines.some((line) => line !== "" && !STILL_RUNNING.test(line))) onSignOfLife();
    // A test may print a line without an end: the summary is short, so only the tail of one matters.
    rest = (lines.pop() ?? "").slice(-10_000);
    for (const line of lines) {
      const plain = line.replaceAll(COLOUR, "");
      const match = SUMMARY.exec(plain);
      if (match) counts = { passed: Number(match[1]), failed: Number(match[2]) };
      if (plain === " ERRORS ") isReport = true;
      else if (match || plain === " FAILURES ") isReport = false;
      else if (isReport) report.push(plain);
    }
  }
  return { ...(counts && { counts }), report: report.join("\n").trim() };
}

function writeAll(chunk: Uint8Array): void {
  for (let written = 0; written < chunk.length;) written += Deno.stdout.writeSync(chunk.subarray(written));
}

function tryKill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended already.
  }
}
