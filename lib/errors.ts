/**
 * Every error that Berth throws on purpose.
 *
 * `code` is stable and made for programs; `message` is made for people and says what is wrong, where, and what to do.
 * Programs that need a part of a message read it from a field: `advice`, `issues`, `status` and the like.
 *
 * @module
 */

/** Options of a {@linkcode BerthError}. */
export interface BerthErrorOptions extends ErrorOptions {
  /** A sentence that says what to do. */
  readonly advice?: string;
}

/** Base of all errors of Berth. */
export class BerthError extends Error {
  /** Stable name of the failure for programs, for example `archive/encrypted`. */
  readonly code: string;
  /** The problem and its place: the message without the advice. */
  readonly summary: string;
  /** Advice for the reader, if the library has some. The message ends with it. */
  readonly advice?: string;

  /**
   * Makes the error.
   *
   * @param code Stable name for programs.
   * @param summary The problem, and its place.
   * @param options The advice and the cause.
   */
  constructor(code: string, summary: string, { advice, ...options }: BerthErrorOptions = {}) {
    super(advice === undefined ? summary : `${summary} ${advice}`, options);
    this.name = new.target.name;
    this.code = code;
    this.summary = summary;
    if (advice !== undefined) this.advice = advice;
  }
}

/** One problem of a value that was checked as a whole. */
export interface Issue {
  /** Name of the variable, or path of the field, such as `entrypointFiles.bot`. Empty for the whole value. */
  readonly path: string;
  /** The problem, and the expected value. */
  readonly message: string;
}

/**
 * Writes an issue in one line, for example `BOT_NETWORK: must be host, bridge, none or the name of a network`.
 *
 * @param issue The issue.
 */
export function formatIssue({ path, message }: Issue): string {
  return path === "" ? message : `${path}: ${message}`;
}

/** The configuration cannot be used. */
export class InvalidConfigError extends BerthError {
  /**
   * Makes the error.
   *
   * @param issues Every problem of the configuration.
   */
  constructor(readonly issues: readonly Issue[]) {
    super("config/invalid", `Cannot use the configuration:\n${bullets(issues)}`);
  }
}

/** The description of what to run cannot be used. */
export class InvalidExecutableError extends BerthError {
  /**
   * Makes the error.
   *
   * @param issues Every problem of the description.
   */
  constructor(readonly issues: readonly Issue[]) {
    super("executable/invalid", `Cannot run this executable:\n${bullets(issues)}`);
  }
}

/** A string cannot be the id of a bot or a schedule. */
export class InvalidBotIdError extends BerthError {
  /**
   * Makes the error.
   *
   * @param message The problem, and the rule.
   */
  constructor(message: string) {
    super("bot-id/invalid", message);
  }
}

/** A folder on disk is not a bot folder. */
export class InvalidBotFolderError extends BerthError {
  /**
   * Makes the error.
   *
   * @param message The problem, its place, and what to do.
   * @param options The cause.
   */
  constructor(message: string, options?: BerthErrorOptions) {
    super("bot-folder/invalid", message, options);
  }
}

/** The check that refused an archive. */
export type ArchiveProblem =
  | "not-a-zip"
  | "truncated"
  | "corrupt"
  | "encrypted"
  | "unsupported"
  | "bad-name"
  | "not-a-file"
  | "duplicate"
  | "reserved-name"
  | "header-mismatch"
  | "crc-mismatch"
  | "too-many-entries"
  | "too-large"
  | "ratio"
  | "missing-script"
  | "not-runnable";

/** An archive of bot code was refused. Nothing of it was kept. */
export class InvalidArchiveError extends BerthError {
  /** The check that refused it. */
  readonly problem: ArchiveProblem;
  /** Name of the entry at fault, with control characters escaped; absent if the whole archive is at fault. */
  readonly entry?: string;

  /**
   * Makes the error.
   *
   * @param problem The check.
   * @param message The problem, and what to do.
   * @param entry The entry at fault.
   */
  constructor(problem: ArchiveProblem, message: string, entry?: string) {
    super(`archive/${problem}`, message);
    this.problem = problem;
    if (entry !== undefined) this.entry = entry;
  }
}

/** There is no object at this key. */
export class ObjectNotFoundError extends BerthError {
  /**
   * Makes the error.
   *
   * @param bucket Name of the bucket.
   * @param key Key in the bucket.
   * @param options The cause.
   */
  constructor(readonly bucket: string, readonly key: string, options?: ErrorOptions) {
    const advice = "Upload it, or correct the file path.";
    super("object/not-found", `There is no object '${key}' in bucket '${bucket}'.`, { ...options, advice });
  }
}

/** An object was changed by somebody else after it was read. */
export class ObjectConflictError extends BerthError {
  /**
   * Makes the error.
   *
   * @param bucket Name of the bucket.
   * @param key Key in the bucket.
   * @param options The cause.
   */
  constructor(readonly bucket: string, readonly key: string, options?: ErrorOptions) {
    const advice = "Read it again, then retry.";
    const summary = `Object '${key}' in bucket '${bucket}' was changed by somebody else.`;
    super("object/conflict", summary, { ...options, advice });
  }
}

/** The object store did not answer, or refused. */
export class ObjectStoreError extends BerthError {
  /**
   * Makes the error.
   *
   * @param message The attempt, and what happened.
   * @param options The advice and the cause.
   * @param code `object/invalid-name` if the store was not asked, because the name is not allowed.
   */
  constructor(
    message: string,
    options?: BerthErrorOptions,
    code: "object-store/failed" | "object/invalid-name" = "object-store/failed",
  ) {
    super(code, message, options);
  }
}

/** No engine answers at the configured address. */
export class EngineUnavailableError extends BerthError {
  /**
   * Makes the error.
   *
   * @param message The attempt, and its place.
   * @param options The advice and the cause.
   */
  constructor(message: string, options?: BerthErrorOptions) {
    super("engine/unavailable", message, options);
  }
}

/** The engine stopped answering during a start: until it is back, nobody knows whether the container exists. */
export class StartInterruptedError extends EngineUnavailableError {}

/** The engine lists containers, but starts, stops and inspects none: only a restart of the engine helps. */
export class EngineHangsError extends EngineUnavailableError {}

/** The engine answered and refused. */
export class EngineError extends BerthError {
  /**
   * Makes the error.
   *
   * @param message The attempt, and the engine's answer.
   * @param status HTTP status of the answer.
   * @param options The cause.
   */
  constructor(message: string, readonly status: number, options?: BerthErrorOptions) {
    super("engine/refused", message, options);
  }
}

/** The engine refused because its disk or quota is full, which is not the fault of the container. */
export class EngineDiskFullError extends EngineError {}

/** Why an image is not available: it does not exist, the registry does not answer, or the registry refuses. */
export type ImageProblem = "not-found" | "unreachable" | "refused";

/** The image is not on the engine and cannot be pulled. */
export class ImageUnavailableError extends BerthError {
  /** Why the image is not available. */
  readonly reason: ImageProblem;

  /**
   * Makes the error.
   *
   * @param image Reference of the image.
   * @param message The event, and what to do.
   * @param options The reason, by default `not-found`, and the cause.
   */
  constructor(
    readonly image: string,
    message: string,
    { reason = "not-found", ...options }: BerthErrorOptions & { readonly reason?: ImageProblem } = {},
  ) {
    super("image/unavailable", message, options);
    this.reason = reason;
  }
}

/** The engine has no such container. */
export class ContainerNotFoundError extends BerthError {
  /**
   * Makes the error.
   *
   * @param container Name or id of the container.
   * @param options The cause.
   */
  constructor(readonly container: string, options?: ErrorOptions) {
    super("container/not-found", `There is no container '${container}' on the engine.`, options);
  }
}

/** Options of a {@linkcode ContainerConflictError}. */
export interface ContainerConflictErrorOptions extends BerthErrorOptions {
  /** Whether the runner never touches the other container, so that only a person can end the conflict. @default {false} */
  readonly isForeign?: boolean;
}

/** A container of this name, or a live one of this bot, already exists. */
export class ContainerConflictError extends BerthError {
  /** Whether the runner never touches the other container, so that only a person can end the conflict. */
  readonly isForeign: boolean;

  /**
   * Makes the error.
   *
   * @param container Name of the container.
   * @param message Which container exists, and what to do.
   * @param options The cause, and whether the other container is foreign.
   */
  constructor(
    readonly container: string,
    message: string,
    { isForeign = false, ...options }: ContainerConflictErrorOptions = {},
  ) {
    super("container/conflict", message, options);
    this.isForeign = isForeign;
  }
}

/** A secret of a bot has no usable value. Nothing was started without it. */
export class SecretUnavailableError extends BerthError {
  /** The problem, without the name of the secret. */
  readonly problem: string;

  /**
   * Makes the error.
   *
   * @param secret Name of the secret.
   * @param reference Where its value should be, for example `file:binance/key`.
   * @param problem The problem; shows no part of any value.
   */
  constructor(readonly secret: string, readonly reference: string, problem: string) {
    super("secret/unavailable", `Secret ${secret} (${reference}) cannot be used: ${problem}.`);
    this.problem = problem;
  }
}

/** A file in a container is missing, too large or not a regular file. */
export class ContainerFileError extends BerthError {
  /**
   * Makes the error.
   *
   * @param problem The problem with the file.
   * @param message The problem, and its place.
   * @param options The cause.
   */
  constructor(
    readonly problem: "missing" | "too-large" | "not-a-file",
    message: string,
    options?: ErrorOptions,
  ) {
    super(`container-file/${problem}`, message, options);
  }
}

/** The log of a container cannot be stored at the moment, so the container was stopped but not removed. */
export class LogsNotSavedError extends BerthError {
  /**
   * Makes the error.
   *
   * @param container Name of the container.
   * @param options The error that keeps the log from being stored.
   */
  constructor(readonly container: string, options: ErrorOptions) {
    const why = messageOf(options.cause);
    super(
      "logs/not-saved",
      `Container '${container}' has exited and is not removed yet, because its last lines are not stored: ${why}`,
      { ...options, advice: "Try again later." },
    );
  }
}

/** An operation was cancelled because it exceeded its time limit. */
export class TimeLimitError extends BerthError {
  /**
   * Makes the error.
   *
   * @param what The operation.
   * @param limitMs The time limit, in ms.
   * @param options The cause.
   */
  constructor(what: string, readonly limitMs: number, options?: ErrorOptions) {
    super("time-limit", `${what} took longer than ${limitMs} ms and was given up.`, options);
  }
}

/**
 * The message of any thrown value, which need not be an error.
 *
 * @param error The value that was caught.
 * @returns Its message, or the value itself as a string.
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function bullets(issues: readonly Issue[]): string {
  return issues.map((issue) => `  - ${formatIssue(issue)}`).join("\n");
}
