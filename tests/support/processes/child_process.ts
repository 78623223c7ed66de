/**
 * The common part of the processes of the tests: how they are started, read and ended.
 *
 * @module
 */

/** Options of {@linkcode spawnModule}. */
export type SpawnOptions = Pick<Deno.CommandOptions, "stdin" | "stdout" | "stderr">;

/** The arguments of `deno` that run a module as it is: checked already, with the packages that are there. */
export function moduleArguments(url: string, ...args: string[]): string[] {
  return ["run", "-A", "--quiet", "--no-check", "--cached-only", url, ...args];
}

/**
 * Runs a module of the tests in a process of its own.
 *
 * @param url Its `import.meta.url`.
 * @param setup Its only argument, in JSON.
 * @param options Its streams.
 */
export function spawnModule(url: string, setup: unknown, options: SpawnOptions): Deno.ChildProcess {
  const args = moduleArguments(url, JSON.stringify(setup));
  return new Deno.Command(Deno.execPath(), { args, ...options }).spawn();
}

/** Sends a signal to a process, unless it has ended. */
export function sendSignal(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

/** Kills a process at once, and waits for its end. */
export async function killProcess(child: Deno.ChildProcess): Promise<void> {
  sendSignal(child, "SIGKILL");
  await child.status;
}

/** The lines of a stream; the last one may have no end. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
