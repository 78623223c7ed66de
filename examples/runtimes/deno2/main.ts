interface Config {
  readonly symbol: string;
}

/** Runs until it is stopped: then `signal` is aborted. */
export default async function main(id: string, { symbol }: Config, { signal }: { signal: AbortSignal }) {
  while (!signal.aborted) {
    console.log(`${id} watches ${symbol} on Deno ${Deno.version.deno}`);
    await sleep(1000, signal);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
