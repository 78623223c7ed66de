import assert from "node:assert/strict";
import { cliVariables } from "../support/fixtures/cli_support.ts";
import { CliFixture } from "../support/fixtures/cli_fixture.ts";
import { type DocBlock, docBlocks, ROOT } from "../support/builders/doc_blocks.ts";
import { openMemoryFolder } from "../support/memory_folder.ts";
import { until } from "../support/until.ts";
import { userEnvironment } from "../support/user_environment.ts";

/** The output that a reader of each page sees sooner or later: a command is repeated until it prints this. */
const SEEN: Readonly<Record<string, readonly (readonly [command: RegExp, output: RegExp])[]>> = {
  "README.md": [
    [/ demo/, /^sma-crossover: running[^]*every container and folder removed$/m],
    [/ ps/, /^my-bot +1\.0\.0 +python3\.11 +yes +1 +\S+ +running$/m],
    [/ logs/, /my-bot watches BTC-USD/],
  ],
  "docs/getting-started.md": [
    [/ deploy/, /^my-bot runs, and has stayed up for 3 s$/m],
    [/ deploy/, /^my-bot runs, and has stayed up for 3 s$/m],
    [/ ps/, /^my-bot .* yes .* running$/m],
    [/ logs my-bot --tail 3$/, /BTC-USD: \d+ s without a trade/],
    [/ logs my-bot --tail 3$/, /ETH-USD: \d+ s without a trade/],
    [/ deploy/, /my-bot does not run: .*\n[^]*RuntimeError: no connection to the exchange/],
    [/ ps/, /^my-bot .* yes +[1-9]/m],
    [/ logs my-bot --tail 5$/, /RuntimeError: no connection to the exchange/],
    [/ ps/, /^my-bot .* no +- +\S+ +disabled$/m],
    [/ ps/, /^There are no bots yet/m],
  ],
  "docs/bots.md": [
    [/ backtest/, /^ {2}total_return {2}0\.07$/m],
    [/ ps/, /^my-bot .* running$[^]*^second-bot .* running$/m],
  ],
  "docs/dependencies.md": [],
  "docs/sdk.md": [],
  "docs/runtimes.md": [],
  "docs/schedules.md": [
    [/ schedules/, /^morning-report .* 0 9 \* \* mon-fri \(America\/New_York\) +20\S+Z, in /m],
    [/ run-now/, /The run 'morning-report@\d+-manual' succeeded/],
    [/ runs/, /^morning-report@\d+-manual +manual by local +1 .* succeeded /m],
    [/ preview/, /America\/New_York/],
  ],
  "docs/secrets.md": [
    [/ deploy/, /^my-bot runs, and has stayed up for 3 s$/m],
    [/ logs/, /my-bot watches with a key of 21 characters, \*\*\*$/m],
    [/ list/, /^binance\.key$/m],
  ],
  "docs/state.md": [
    [/ state ls/, /^keeper: .* of 1024\.0 MB/m],
    [/ state restore/, /^keeper has snapshot \d{8}T\d{9}Z$/m],
  ],
  "docs/health.md": [[/ describe/, /^ {2}State +ready\n {2}Says +trades BTC-USD$/m]],
  "docs/versions.md": [
    [/ history/, /^2 .* local +deploy +\S+ +code, configuration +deployed, running\n1 .* the first$/m],
    [
      / diff/,
      /config\.api_key: changed; the value is not shown\n[^]*config\.symbol: "BTC-USD" -> "ETH-USD"$/m,
    ],
    [/ rollback/, /^my-bot is back at revision 1 [^]*^my-bot runs, and has stayed up for 3 s$/m],
    [/ deploy my-bot --watch/, /^berth: The service has gone back to revision 3\./m],
    [/ prune/, /^Nothing to remove/m],
  ],
  "docs/operating.md": [[/ permissions/, /^--allow-net[^]*--allow-sys=uid,gid/m]],
};

/** A reader at a shell, in a folder that looks like a checkout. */
class Reader implements AsyncDisposable {
  readonly #running: { readonly process: Deno.ChildProcess; readonly ended: Promise<unknown> }[] = [];
  readonly #expected;

  constructor(readonly page: string, readonly folder: string, readonly env: Record<string, string>) {
    this.#expected = [...SEEN[page]!];
  }

  /** Does what a block asks for. */
  async follow({ language, attributes, code, line }: DocBlock): Promise<void> {
    if ("not-run" in attributes) return;
    if (attributes.file !== undefined) {
      const path = `${this.folder}/${attributes.file}`;
      await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true });
      return await Deno.writeTextFile(path, code);
    }
    if (language !== "sh") return;
    if ("background" in attributes) return await this.#start(code, /service started/);
    if ("until-ctrl-c" in attributes) {
      await this.#start(code, /watches|without a trade|"_metric"/);
      return await this.#stopLast();
    }
    for (const command of code.replaceAll("\\\n", "").trim().split("\n")) {
      await this.#run(command.replace(/ +#.*$/, ""), `${this.page}:${line}`, Number(attributes.exits ?? 0));
    }
  }

  /** Ends what still runs; checks that nothing of what the page promises was left out. */
  async finish(): Promise<void> {
    while (this.#running.length > 0) await this.#stopLast();
    assert.deepEqual(this.#expected, [], `${this.page}: never printed`);
  }

  async #run(command: string, place: string, exits: number): Promise<void> {
    const at = this.#expected.findIndex(([pattern]) => pattern.test(command));
    const [[, wanted] = [undefined, undefined]] = at < 0 ? [] : this.#expected.splice(at, 1);
    await until(`${wanted} as the output of ${command} (${place})`, async () => {
      const { code, stdout, stderr } = await this.#command(command).output();
      const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.equal(code, exits, `${place}: ${command}\n${output}`);
      return !wanted || wanted.test(output);
    });
  }

  async #start(command: string, wanted: RegExp): Promise<void> {
    const process = this.#command(`exec ${command} 2>&1`).spawn();
    let output = "";
    const started = Promise.withResolvers<void>();
    const ended = (async () => {
      for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
        output += text;
        if (wanted.test(output)) started.resolve();
      }
      await process.stderr.cancel();
      const { code } = await process.status;
      started.reject(new Error(`${command} ended with ${code}:\n${output}`));
      assert.ok([0, 130, 143].includes(code), output);
    })();
    // Reported by whoever waits for it.
    ended.catch(() => {});
    started.promise.catch(() => {});
    this.#running.push({ process, ended });
    await Promise.race([started.promise, ended]);
  }

  async #stopLast(): Promise<void> {
    const { process, ended } = this.#running.pop()!;
    process.kill("SIGINT");
    await ended;
  }

  #command(command: string): Deno.Command {
    const { folder: cwd, env } = this;
    return new Deno.Command("sh", {
      args: ["-c", command],
      cwd,
      clearEnv: true,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }

  /** Ends what a failed test left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process, ended } of this.#running) {
      process.kill("SIGINT");
      await ended.catch(() => {});
    }
  }
}

for (const page of Object.keys(SEEN)) {
  Deno.test(`every command of ${page} does what the page says`, async () => {
    await using memory = page === "docs/secrets.md" ? await openMemoryFolder() : undefined;
    await using fixture = await CliFixture.open((temp) => [cliVariables(temp).BERTH_INSTANCE!]);
    const { temp } = fixture;
    const folder = `${temp}/berth`;
    await Deno.mkdir(folder);
    for (const name of ["berth", "examples"]) await Deno.symlink(ROOT + name, `${folder}/${name}`);
    const env = {
      ...userEnvironment(),
      ...cliVariables(temp),
      DENO: Deno.execPath(),
      BOTS_ON_SHUTDOWN: "stop",
      ...(memory && { SECRETS_RUN_DIR: memory.path }),
      NO_COLOR: "1",
    };
    await using reader = new Reader(page, folder, env);
    for (const block of await docBlocks(page)) await reader.follow(block);
    await reader.finish();
  });
}
