/** The Berth SDK for bots: they report to Berth and ask it for things. */
declare namespace berth {
  /** A secret is not there, is empty or cannot be read; the message says where it was looked for. */
  class SecretError extends Error {}

  /** Levels of {@link log}. */
  type Level = "debug" | "info" | "warn" | "warning" | "error";

  /**
   * Prints a metric: a name with fields, or with a number as its field `value`.
   *
   * @throws {TypeError} If the name is no string or is empty, or a field contains itself.
   */
  function metric(name: string, fields?: Record<string, unknown> | number | bigint): void;

  /** Says that the bot makes progress. Call it as often as you like: it prints at most one line a second. */
  function heartbeat(): void;

  /** Says that the bot has begun its work: Berth then shows it as ready, and its watchdog judges it from now on. */
  function ready(): void;

  /** Says in a line what the bot does, for people who look at it. An empty string clears it. */
  function status(text: unknown): void;

  /** Prints a message with its level and fields. */
  function log(level: Level, message: unknown, fields?: Record<string, unknown>): void;

  /** Writes the result of the run, now. The last call counts, and takes the place of what `main` returns. */
  function result(value?: unknown): void;

  /**
   * Returns a secret: the content of `/run/secrets/NAME`, of the file that `NAME_FILE` names, or the variable `NAME`. A
   * line feed at the end of a file does not belong to the secret.
   *
   * @throws {SecretError} If it is nowhere and there is no fallback, or is empty or unreadable.
   */
  function secret(name: string, fallback?: string): string;

  /** Waits this many milliseconds, or until the bot is asked to stop. Returns whether it is. */
  function sleep(ms: number): Promise<boolean>;

  /** The configuration; outside Berth the content of `config.json` in the working directory. */
  // deno-lint-ignore no-explicit-any
  const config: any;

  /** The bot's id; `local` outside Berth. */
  const id: string;

  /** Aborted once the bot is asked to stop. A program that has looked at it ends by itself. */
  const signal: AbortSignal;

  /** The folder for the bot's state, which exists; outside Berth `state` in the working directory. */
  const stateDir: string;

  /**
   * Whether the bot is asked to stop. Read it as `berth.stopRequested`: a variable made from it by destructuring would
   * not change.
   */
  const stopRequested: boolean;
}

export = berth;
