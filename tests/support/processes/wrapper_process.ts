import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A language whose wrapper is tested. */
export interface WrapperLanguage {
  /** The interpreter's name; it must be on the PATH. */
  readonly interpreter: string;
  /** Prints the path of the interpreter itself: what the PATH leads to may be a shim that takes no signals. */
  readonly locate: readonly string[];
  /** Path of its program in the folder of the wrappers; the files beside it go with it. */
  readonly wrapper: string;
  readonly script: string;
}

/** How the wrapper of Python is run. */
export const PYTHON: WrapperLanguage = {
  interpreter: "python3",
  locate: ["-c", "import sys; print(sys.executable)"],
  wrapper: "python/python_wrapper.py",
  script: "main.py",
};

/** How the wrapper of Node.js is run. */
export const NODE: WrapperLanguage = {
  interpreter: "node",
  locate: ["-p", "if (process.versions.deno) throw new Error('this is Deno, not Node.js'); process.execPath"],
  wrapper: "node/node_wrapper.cjs",
  script: "main.js",
};

const located = new Map<string, Promise<string>>();

function locate({ interpreter, locate }: WrapperLanguage): Promise<string> {
  if (!located.has(interpreter)) {
    located.set(
      interpreter,
      promisify(execFile)(interpreter, locate).then(({ stdout }) => stdout.trim(), (cause) => {
        throw new Error(`These tests run ${interpreter}: install it and put it on the PATH`, { cause });
      }),
    );
  }
  return located.get(interpreter)!;
}

/** How one bot is laid out and run. */
export interface WrappedBotOptions {
  /** The bot's files: path inside the code folder to content. */
  readonly files: Record<string, string>;
  /** The exact text of the configuration file, or `null` for no file. @default "{}" */
  readonly config?: string | null;
  /** Environment variables on top of the container's; `undefined` takes one away. */
  readonly env?: Record<string, string | undefined>;
  /** @default "bot" */
  readonly entrypointType?: "bot" | "backtest";
  /** @default the language's `main` file */
  readonly script?: string;
  /** Why the bot will be stopped, as Berth says it. @default {nobody says} */
  readonly stopReason?: string;
  /** Leaves stdout unread until the test calls `resume`, so that the pipe fills up. @default false */
  readonly paused?: boolean;
}

/** How a bot's process ended. */
export interface WrappedBotEnd {
  /** The exit code; a signal that killed it counts 128 and its number. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The bytes of `result.json` as text, or `undefined` when there is none. */
  readonly resultText: string | undefined;
  /** `result.json`, parsed. */
  // deno-lint-ignore no-explicit-any
  readonly result: any;
}

/** A bot that hangs fails its test after this long, in ms, instead of holding up all others. */
const LIMIT_MS = 90_000;

/** A bot that runs under its wrapper, as a real process in a folder laid out like the container's. */
export class WrappedBot implements AsyncDisposable {
  readonly folder: string;
  stdout = "";
  stderr = "";
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<Deno.CommandStatus>;
  readonly #reading: Promise<void>[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #limit: ReturnType<typeof setTimeout>;
  #over = false;
  #paused = true;

  private constructor(folder: string, child: Deno.ChildProcess, paused: boolean) {
    this.folder = folder;
    this.#child = child;
    this.#ended = child.status;
    this.#limit = setTimeout(() => {
      this.stderr += `[it did not end within ${LIMIT_MS} ms, and was killed]`;
      this.kill("SIGKILL");
    }, LIMIT_MS);
    this.#reading.push(this.#read("stderr"));
    if (!paused) this.resume();
    this.#ended.then(() => {
      this.#over = true;
      this.#changed();
    });
  }

  /**
   * Lays out the code folder and starts the wrapper in it.
   *
   * @param language The language whose wrapper runs.
   * @param options the bot
   * @returns the running bot
   * @throws {Error} when the interpreter is not on the PATH
   */
  static async start(language: WrapperLanguage, options: WrappedBotOptions): Promise<WrappedBot> {
    const interpreter = await locate(language);
    const folder = await mkdtemp(join(tmpdir(), "berth-wrapper-"));
    try {
      const wrapper = join(folder, ".berth", basename(language.wrapper));
      const configFile = join(folder, ".berth", "config.json");
      await mkdir(dirname(wrapper));
      const source = dirname(repositoryFile(`lib/executable/wrappers/${language.wrapper}`));
      for (const name of await readdir(source)) {
        await copyFile(join(source, name), join(folder, ".berth", name));
      }
      const sdk = repositoryFile("lib/executable/sdk");
      await cp(join(sdk, "python"), join(folder, ".berth/sdk/python"), { recursive: true });
      // A container has it in the root's node_modules, so that a package of the bot's own is nearer.
      const ownsSdk = Object.keys(options.files).some((path) => path.startsWith("node_modules/berth/"));
      if (language === NODE && !ownsSdk) {
        await cp(join(sdk, "node"), join(folder, "node_modules/berth"), { recursive: true });
      }
      for (const [path, content] of Object.entries(options.files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), content);
      }
      if (options.stopReason !== undefined) {
        await writeFile(join(folder, ".berth", "stop_reason"), options.stopReason);
      }
      if (options.config !== null) await writeFile(configFile, options.config ?? "{}");
      const type = options.entrypointType ?? "bot";
      const env: Record<string, string | undefined> = {
        PATH: Deno.env.get("PATH"),
        HOME: tmpdir(),
        ID: "bot-1",
        [type === "bot" ? "BOT_ID" : "BACKTEST_ID"]: "bot-1",
        ENTRYPOINT_TYPE: type,
        CODE_MOUNT_DIR: folder,
        SCRIPT_PATH: options.script ?? language.script,
        CONFIG_FILE: configFile,
        PYTHONDONTWRITEBYTECODE: "1",
        ...options.env,
      };
      const child = new Deno.Command(interpreter, {
        args: [wrapper],
        cwd: tmpdir(),
        clearEnv: true,
        env: Object.fromEntries(
          Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
        ),
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      return new WrappedBot(folder, child, options.paused ?? false);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Begins to read the standard output. */
  resume(): void {
    if (this.#paused) this.#reading.push(this.#read("stdout"));
    this.#paused = false;
  }

  /**
   * Waits for text on the bot's output.
   *
   * @param text The text that must appear.
   * @param from the stream to look at
   * @throws {Error} when the bot ends without it
   */
  async waitFor(text: string, from: "stdout" | "stderr" = "stdout"): Promise<void> {
    while (!this[from].includes(text)) {
      if (this.#over) {
        await Promise.all(this.#reading);
        if (this[from].includes(text)) return;
        throw new Error(`The bot ended without '${text}': ${this.stdout}${this.stderr}`);
      }
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /**
   * Sends a signal to the bot.
   *
   * @param signal its name
   */
  kill(signal: "SIGTERM" | "SIGINT" | "SIGKILL" = "SIGTERM"): void {
    if (!this.#over) this.#child.kill(signal);
  }

  /**
   * Waits for the end of the process.
   *
   * @returns how it ended
   */
  async end(): Promise<WrappedBotEnd> {
    const { code } = await this.#ended;
    await Promise.all(this.#reading);
    const resultText = await readFile(join(this.folder, "result.json"), "utf8").catch(() => undefined);
    return {
      code,
      stdout: this.stdout,
      stderr: this.stderr,
      resultText,
      result: resultText === undefined ? undefined : JSON.parse(resultText),
    };
  }

  /** Ends what still runs and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#limit);
    this.kill("SIGKILL");
    this.resume();
    await this.#ended;
    await Promise.all(this.#reading);
    await rm(this.folder, { recursive: true, force: true });
  }

  async #read(name: "stdout" | "stderr"): Promise<void> {
    for await (const text of this.#child[name].pipeThrough(new TextDecoderStream())) {
      this[name] += text;
      this.#changed();
    }
  }

  #changed(): void {
    for (const resolve of this.#watchers) resolve();
    this.#watchers.clear();
  }
}

/**
 * Runs a bot until it ends by itself.
 *
 * @param language The language whose wrapper runs.
 * @param options the bot
 * @returns how it ended
 */
export async function runWrapped(
  language: WrapperLanguage,
  options: WrappedBotOptions,
): Promise<WrappedBotEnd> {
  await using bot = await WrappedBot.start(language, options);
  return await bot.end();
}

/** Options of a bot whose main script is given by itself. */
type ScriptOptions = Partial<WrappedBotOptions>;

/** Runs bots of one main script under the wrapper of a language. Its functions may be taken out of it. */
export class WrappedScripts {
  /** @param language The language. */
  constructor(readonly language: WrapperLanguage) {}

  /** Runs a bot until it ends by itself. @param main Its script. @param options Whatever differs. */
  readonly run = (main: string, options: ScriptOptions = {}): Promise<WrappedBotEnd> =>
    runWrapped(this.language, this.#withScript(main, options));

  /** Starts a bot. @param main Its script. @param options Whatever differs. */
  readonly start = (main: string, options: ScriptOptions = {}): Promise<WrappedBot> =>
    WrappedBot.start(this.language, this.#withScript(main, options));

  /** Starts a bot, stops it once it printed "ready", and returns how it ended. */
  readonly stopped = async (
    main: string,
    signal: "SIGTERM" | "SIGINT" = "SIGTERM",
    options: Pick<WrappedBotOptions, "stopReason"> = {},
  ): Promise<WrappedBotEnd> => {
    await using bot = await this.start(main, options);
    await bot.waitFor("ready");
    bot.kill(signal);
    return await bot.end();
  };

  #withScript(main: string, options: ScriptOptions): WrappedBotOptions {
    return { ...options, files: { [this.language.script]: main, ...options.files } };
  }
}

/** The lines of an output that are not empty. */
export function linesOf(output: string): string[] {
  return output.split("\n").filter((line) => line !== "");
}

/**
 * A configuration with everything that a shell, an environment variable or a careless template would spoil.
 *
 * @returns about 200 KB of JSON with odd spacing of its own
 */
export function hostileConfig(): string {
  const config = {
    quotes: `it's "quoted" \\ and \\" \\\\`,
    shell: "$(touch /tmp/pwned) `id` ${HOME} $PATH ; rm -rf * & | > < # !!",
    lines: "one\ntwo\r\nthree\ttab\u0000nul\u001b",
    emoji: "🚀 ümlaut 漢字 \u2028 \u2029 \ufeff",
    proto: JSON.parse('{"__proto__": 1, "constructor": 2}'),
    numbers: [0, -0.5, 1e21, 123456789012345],
    nested: [[[{ a: null, b: true, c: false }]]],
    big: "x'\"$`\n".repeat(25_000),
  };
  return ` \n${JSON.stringify(config, null, 1)}\n\n`;
}

/**
 * The path of the repository's own file.
 *
 * @param path relative to the repository
 * @returns its absolute path
 */
export function repositoryFile(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}
