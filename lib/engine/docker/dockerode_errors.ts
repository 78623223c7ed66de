/**
 * Failures of the connection to the Docker Engine, in Berth's words.
 *
 * @module
 */

import {
  EngineDiskFullError,
  EngineError,
  EngineHangsError,
  EngineUnavailableError,
  type TimeLimitError,
} from "../../errors.ts";

/** A known failure of a connection. */
interface KnownFailure {
  readonly reason: string;
  readonly advice: string;
}

const START = "Start Docker (for example `systemctl start docker`), or set DOCKER_HOST.";
const DENIED: KnownFailure = {
  reason: "permission denied",
  advice: "Run as a member of the group `docker`, or as root.",
};
const CLOSED: KnownFailure = {
  reason: "the engine closed the connection before it had answered",
  advice: "Check whether the engine has stopped.",
};
const KNOWN: Readonly<Record<string, KnownFailure>> = {
  ENOENT: { reason: "there is no such socket", advice: START },
  ECONNREFUSED: { reason: "nothing listens there", advice: START },
  EACCES: DENIED,
  EPERM: DENIED,
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
};

const DISK_FULL = /no space left on device|disk quota exceeded/i;

/**
 * Turns a failure of the connection into an error of Berth's.
 *
 * @param what What was tried, as in "Cannot …".
 * @param address Where the engine was looked for.
 * @param error What was caught.
 * @returns The error to throw.
 */
export function toConnectionError(what: string, address: string, error: unknown): EngineUnavailableError {
  const { code, name, message } = describe(error);
  const { reason, advice }: Partial<KnownFailure> & { reason: string } = name === "NotCapable"
    ? {
      reason: `Deno does not allow it (${message})`,
      advice: "Allow net, read and write for this socket.",
    }
    : KNOWN[code] ?? { reason: message };
  const summary = `Cannot ${what}: no answer from the engine at ${address}: ${reason}.`;
  return new EngineUnavailableError(summary, { advice, cause: error });
}

/**
 * Whether a request has certainly not reached the engine.
 *
 * @param error What the request ended with.
 */
export function isNeverSent(error: unknown): boolean {
  if (!(error instanceof EngineUnavailableError)) return false;
  const { code, name } = describe(error.cause);
  return ["ENOENT", "ECONNREFUSED", "EACCES"].includes(code) || name === "NotCapable";
}

/**
 * The engine's refusal as an error of Berth's.
 *
 * @param what What was tried, as in "Cannot …".
 * @param status The HTTP status.
 * @param words What the engine said.
 * @returns The error to throw.
 */
export function toRefusal(what: string, status: number, words: string): EngineError {
  const type = DISK_FULL.test(words) ? EngineDiskFullError : EngineError;
  return new type(`Cannot ${what}: the engine refused it (HTTP ${status}): ${words}`, status, {
    cause: words,
  });
}

/**
 * The error of a call that an engine has not carried out though it answers others.
 *
 * @param what What was tried, as in "Cannot …".
 * @param address Where the engine is.
 * @param error The time limit that was reached.
 * @returns The error to throw.
 */
export function toHang(what: string, address: string, error: TimeLimitError): EngineHangsError {
  return new EngineHangsError(
    `Cannot ${what}: the engine at ${address} lists containers, but has not done this within ${error.limitMs} ms: ` +
      "it hangs.",
    {
      advice:
        "Restart it (for example `systemctl restart docker`); if that hangs too, end dockerd with SIGKILL first.",
      cause: error,
    },
  );
}

/**
 * Takes an answer for what it has to be.
 *
 * @param what What was tried, as in "Cannot …".
 * @param value The answer.
 * @param isShape Whether it has the fields that are used.
 * @returns The answer.
 * @throws {EngineError} If it is something else: what listens there is no engine.
 */
export function expectShape<T>(what: string, value: unknown, isShape: (value: unknown) => value is T): T {
  if (isShape(value)) return value;
  throw toRefusal(what, 200, "its answer is not in the form of a Docker Engine's. See what listens there");
}

/**
 * What the engine said when it refused.
 *
 * @param error An error of {@linkcode toRefusal}.
 * @returns The engine's own words.
 */
export function engineMessage(error: EngineError): string {
  return typeof error.cause === "string" ? error.cause : error.message;
}

function describe(error: unknown): { code: string; name: string; message: string } {
  if (!(error instanceof Error)) return { code: "", name: "", message: String(error) };
  const code = "code" in error ? String(error.code) : "";
  return { code, name: error.name, message: error.message };
}
