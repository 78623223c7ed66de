/**
 * Every error that the runner throws on purpose. Each message says what is wrong, where, and what to do;
 * `code` is stable and meant for programs, the message for people.
 *
 * @module
 */

/** Base of all errors of this library. */
export class BerthError extends Error {
  /** Stable, machine-readable name of the failure, for example `archive/encrypted`. */
  readonly code: string;

  /**
   * Makes the error.
   *
   * @param code Stable name.
   * @param message Text for people.
   * @param options The cause, where there is one.
   */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The configuration cannot be used. Lists every problem at once. */
export class InvalidConfigError extends BerthError {
  /** One line a problem: which variable, what is wrong, what is expected. */
  readonly problems: readonly string[];

  /**
   * Makes the error.
   *
   * @param problems One line a problem.
   */
  constructor(problems: readonly string[]) {
    super("config/invalid", `Cannot use the configuration:\n${bullets(problems)}`);
    this.problems = problems;
  }
}

/** The description of what to run cannot be used. Lists every problem at once. */
export class InvalidExecutableError extends BerthError {
  /** One line a problem. */
  readonly problems: readonly string[];

  /**
   * Makes the error.
   *
   * @param problems One line a problem.
   */
  constructor(problems: readonly string[]) {
    super("executable/invalid", `Cannot run this executable:\n${bullets(problems)}`);
    this.problems = problems;
  }
}

/** A string cannot be the id of a bot or a schedule. */
export class InvalidBotIdError extends BerthError {
  /**
   * Makes the error.
   *
   * @param message What is wrong, and the rule.
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
   * @param message What is wrong, where, what to do.
   * @param options The cause, where there is one.
   */
  constructor(message: string, options?: ErrorOptions) {
    super("bot-folder/invalid", message, options);
  }
}

/** Why an archive was refused. */
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
  | "missing-script";

/** An archive of bot code was refused. Nothing of it was kept. */
export class InvalidArchiveError extends BerthError {
  /** Which check refused it. */
  readonly problem: ArchiveProblem;
  /** The entry concerned, with control characters escaped; absent when it is about the whole archive. */
  readonly entry?: string;

  /**
   * Makes the error.
   *
   * @param problem The check.
   * @param message What is wrong and what to do.
   * @param entry The entry concerned.
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
   * @param bucket The bucket.
   * @param key The key inside it.
   * @param options The cause, where there is one.
   */
  constructor(readonly bucket: string, readonly key: string, options?: ErrorOptions) {
    super(
      "object/not-found",
      `There is no object '${key}' in bucket '${bucket}'. Upload it, or correct the file path.`,
      options,
    );
  }
}

/** An object is not the one that was to be changed: somebody else has written it meanwhile. */
export class ObjectConflictError extends BerthError {
  /**
   * Makes the error.
   *
   * @param bucket The bucket.
   * @param key The key inside it.
   * @param options The cause, where there is one.
   */
  constructor(readonly bucket: string, readonly key: string, options?: ErrorOptions) {
    super(
      "object/conflict",
      `Object '${key}' in bucket '${bucket}' is not the one that was to be changed. Read it anew, then try again.`,
      options,
    );
  }
}

/** The object store did not answer, or refused. */
export class ObjectStoreError extends BerthError {
  /**
   * Makes the error.
   *
   * @param message What was tried and what happened.
   * @param options The cause.
   */
  constructor(message: string, options?: ErrorOptions) {
    super("object-store/failed", message, options);
  }
}

/** No engine answers at the configured address. */
export class EngineUnavailableError extends BerthError {
  /**
   * Makes the error.
   *
   * @param message What was tried, where, and what to do.
   * @param options The cause.
   */
  constructor(message: string, options?: ErrorOptions) {
    super("engine/unavailable", message, options);
  }
}

/** The engine went away in the middle of a start: until it is back, nobody knows whether the container is there. */
export class StartInterruptedError extends EngineUnavailableError {}

/** The engine answers lists, but starts, stops and inspects nothing: only its restart helps. */
export class EngineHangsError extends EngineUnavailableError {}

/** The engine answered and refused. */
export class EngineError extends BerthError {
  /**
   * Makes the error.
   *
   * @param message What was tried and what the engine said.
   * @param status Its HTTP status.
   * @param options The cause.
   */
  constructor(message: string, readonly status: number, options?: ErrorOptions) {
    super("engine/refused", message, options);
  }
}

/** The engine refused because its disk, or a quota of it, is full: not the fault of what it was asked to start. */
export class EngineDiskFullError extends EngineError {}

/** Why an image cannot be had: nobody has it, nobody answers, or it is not given to us. */
export type ImageProblem = "not-found" | "unreachable" | "refused";

/** The image is not on the engine, and cannot be pulled. */
export class ImageUnavailableError extends BerthError {
  /** Why. */
  readonly reason: ImageProblem;

  /**
   * Makes the error.
   *
   * @param image The image's reference. @param message What happened and what to do.
   * @param options The reason (default `not-found`) and the cause, where there is one.
   */
  constructor(
    readonly image: string,
    message: string,
    options: ErrorOptions & { readonly reason?: ImageProblem } = {},
  ) {
    super("image/unavailable", message, options);
    this.reason = options.reason ?? "not-found";
  }
}

/** There is no such container. */
export class ContainerNotFoundError extends BerthError {
  /**
   * Makes the error.
   *
   * @param container Name or id asked for.
   * @param options The cause, where there is one.
   */
  constructor(readonly container: string, options?: ErrorOptions) {
    super("container/not-found", `There is no container '${container}' on the engine.`, options);
  }
}

/** Options of a {@linkcode ContainerConflictError}. */
export interface ContainerConflictErrorOptions extends ErrorOptions {
  /** Whether the other container is one that the runner never touches: only a person can end the conflict. @default {false} */
  readonly isForeign?: boolean;
}

/** A container of this name, or a live one of this bot, exists already. */
export class ContainerConflictError extends BerthError {
  /** Whether the other container is one that the runner never touches: only a person can end the conflict. */
  readonly isForeign: boolean;

  /**
   * Makes the error.
   *
   * @param container The name.
   * @param message What stands there and what to do.
   * @param options The cause, and whose the other container is.
   */
  constructor(readonly container: string, message: string, options: ContainerConflictErrorOptions = {}) {
    super("container/conflict", message, options);
    this.isForeign = options.isForeign ?? false;
  }
}

/** A file asked for from a container is absent, too large or not a regular file. */
export class ContainerFileError extends BerthError {
  /**
   * Makes the error.
   *
   * @param problem Which of these it is.
   * @param message What is wrong, and where.
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

/** What a container has printed cannot be stored at the moment: it has exited, and stays until that is done. */
export class LogsNotSavedError extends BerthError {
  /**
   * Makes the error.
   *
   * @param container Its name.
   * @param options What keeps its log from being stored.
   */
  constructor(readonly container: string, options: ErrorOptions) {
    const why = messageOf(options.cause);
    super(
      "logs/not-saved",
      `Container '${container}' has exited and is not removed yet, because its last lines are not stored: ${why} ` +
        "Try again later.",
      options,
    );
  }
}

/** Work was given up because it took longer than its limit. */
export class TimeLimitError extends BerthError {
  /**
   * Makes the error.
   *
   * @param what The work.
   * @param limitMs The limit, in ms.
   * @param options The cause, where there is one.
   */
  constructor(what: string, readonly limitMs: number, options?: ErrorOptions) {
    super("time-limit", `${what} took longer than ${limitMs} ms and was given up.`, options);
  }
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `  - ${line}`).join("\n");
}

/**
 * The message of whatever was thrown, which need not be an error.
 *
 * @param error The value that was caught.
 * @returns Its message, or the value itself as a string.
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
