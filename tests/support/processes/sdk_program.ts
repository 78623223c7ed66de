/**
 * Programs that use the SDK: wrapped as Berth runs them, and alone.
 *
 * @module
 */

import { runWrapped, WrappedBot, type WrappedBotEnd, type WrappedBotOptions } from "./wrapper_process.ts";

/** How a language runs a program of a test. */
export interface SdkLanguage {
  /** Kind of the wrapper. */
  readonly wrapper: Parameters<typeof runWrapped>[0];
  /** Name of the bot's script. */
  readonly script: string;
  /** Command that runs a program alone; its path follows. */
  readonly command: readonly [program: string, ...args: string[]];
  /** Name of a program that runs alone. */
  readonly program: string;
  /** Variables of a program that runs alone, besides `PATH`. @default {those of this process} */
  readonly env?: Readonly<Record<string, string>>;
  /** Puts the SDK where a program that runs alone finds it. @param folder Folder of the program. */
  readonly install?: (folder: string) => Promise<void>;
}

/** Runs programs of one language. Its functions may be taken out of it. */
export class SdkPrograms {
  readonly #language: SdkLanguage;

  /** @param language See {@linkcode SdkLanguage}. */
  constructor(language: SdkLanguage) {
    this.#language = language;
  }

  /** Runs a bot to its end. @param main Its script. @param options How. */
  readonly run = (main: string, options: Partial<WrappedBotOptions> = {}): Promise<WrappedBotEnd> =>
    runWrapped(this.#language.wrapper, {
      ...options,
      files: { [this.#language.script]: main, ...options.files },
    });

  /** Starts a bot, stops it once it printed "ready", and returns how it ended. @param main Its script. */
  readonly stopped = async (main: string, files: Record<string, string> = {}): Promise<WrappedBotEnd> => {
    const { wrapper, script } = this.#language;
    await using bot = await WrappedBot.start(wrapper, { files: { [script]: main, ...files } });
    await bot.waitFor("ready");
    bot.kill();
    return await bot.end();
  };

  /**
   * Runs a program without Berth, in a folder of its own, and sends it a signal at "ready" and at "again".
   *
   * @param text The program.
   * @param signals The signals.
   */
  readonly alone = async (
    text: string,
    signals: readonly Deno.Signal[] = [],
  ): Promise<{ code: number; stdout: string }> => {
    const { command: [interpreter, ...args], program, env, install } = this.#language;
    const folder = await Deno.makeTempDir({ prefix: "berth-sdk-" });
    const left = [...signals];
    try {
      await install?.(folder);
      await Deno.writeTextFile(`${folder}/${program}`, text);
      const child = new Deno.Command(interpreter, {
        args: [...args, program],
        cwd: folder,
        ...(env && { clearEnv: true, env: { PATH: Deno.env.get("PATH")!, ...env } }),
        stdout: "piped",
        stderr: "null",
      }).spawn();
      let stdout = "";
      for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
        stdout += piece;
        for (const word of ["ready", "again"]) {
          if (stdout.includes(word)) { for (const signal of left.splice(0, 1)) child.kill(signal); }
        }
      }
      return { code: (await child.status).code, stdout };
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}

/** Parses lines of JSON. @param text The lines. */
export function jsonLines(text: string): unknown[] {
  return text.trim().split("\n").map((line) => JSON.parse(line));
}
