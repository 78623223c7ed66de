/**
 * Turns failures of the Docker Engine into errors of Berth.
 *
 * @module
 */

import {
  type BerthError,
  ContainerConflictError,
  ContainerNotFoundError,
  EngineDiskFullError,
  EngineError,
  EngineHangsError,
  EngineUnavailableError,
  ImageUnavailableError,
  type TimeLimitError,
} from "../../errors.ts";
import type { ContainerSpec } from "../container_spec.ts";

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
const CERTIFICATES =
  "Check the files in DOCKER_CERT_PATH, and that DOCKER_HOST has the name in the engine's certificate.";
const CLOSED: KnownFailure = {
  reason: "the engine closed the connection before it had answered",
  advice:
    "Check whether the engine has stopped, or, over TCP, whether it trusts the certificate in DOCKER_CERT_PATH.",
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
 * Turns a failure of the connection into an error of Berth.
 *
 * @param what The attempt, as a clause that follows "Cannot".
 * @param address Address of the engine.
 * @param error The error that was caught.
 * @returns The error to throw.
 */
export function toConnectionError(what: string, address: string, error: unknown): EngineUnavailableError {
  const { code, name, message } = describe(error);
  const { reason, advice }: Partial<KnownFailure> & { reason: string } = name === "NotCapable"
    ? {
      reason: `Deno does not allow it (${message})`,
      advice: "Allow net, read and write for this socket.",
    }
    : KNOWN[code] ?? { reason: message, ...(/certificate/i.test(message) && { advice: CERTIFICATES }) };
  const summary = `Cannot ${what}: no answer from the engine at ${address}: ${reason}.`;
  return new EngineUnavailableError(summary, { advice, cause: error });
}

/**
 * Whether a failed request has certainly not reached the engine.
 *
 * @param error The error of the request.
 */
export function isNeverSent(error: unknown): boolean {
  if (!(error instanceof EngineUnavailableError)) return false;
  const { code, name } = describe(error.cause);
  return ["ENOENT", "ECONNREFUSED", "EACCES"].includes(code) || name === "NotCapable";
}

/**
 * Turns a refusal of the engine into an error of Berth.
 *
 * @param what The attempt, as a clause that follows "Cannot".
 * @param status HTTP status of the answer.
 * @param message Message of the answer.
 * @returns The error to throw.
 */
export function toRefusal(what: string, status: number, message: string): EngineError {
  const type = DISK_FULL.test(message) ? EngineDiskFullError : EngineError;
  return new type(`Cannot ${what}: the engine refused it (HTTP ${status}): ${message}`, status, {
    cause: message,
  });
}

/**
 * Creates the error of a call to an engine that hangs: it answers other calls, but not this one.
 *
 * @param what The attempt, as a clause that follows "Cannot".
 * @param address Address of the engine.
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
 * Checks that an answer has the expected fields.
 *
 * @param what The attempt, as a clause that follows "Cannot".
 * @param value The answer.
 * @param isShape Whether a value has the fields that are used.
 * @returns The answer.
 * @throws {EngineError} If the answer has other fields: the program that listens there is not an engine.
 */
export function expectShape<T>(what: string, value: unknown, isShape: (value: unknown) => value is T): T {
  if (isShape(value)) return value;
  throw toRefusal(what, 200, "its answer is not that of a Docker Engine. Check which program listens there");
}

/**
 * Returns the engine's own message of a refusal.
 *
 * @param error An error of {@linkcode toRefusal}.
 */
export function engineMessage(error: EngineError): string {
  return typeof error.cause === "string" ? error.cause : error.message;
}

/**
 * Turns the refusal of a call about one container into an error of Berth.
 *
 * @param container Id or name of the container.
 * @param error The error of the call.
 * @returns A `ContainerNotFoundError` if the engine does not have the container, else `error` itself.
 */
export function toContainerError(container: string, error: unknown): unknown {
  // Checks the message as well: a start also answers 404 for a missing network.
  const isMissing = error instanceof EngineError &&
    ((error.status === 404 && /no such container/i.test(engineMessage(error))) ||
      // The container is being removed.
      (error.status === 409 && /dead or marked for removal/i.test(engineMessage(error))));
  return isMissing ? new ContainerNotFoundError(container, { cause: error }) : error;
}

/**
 * Turns the refusal to create a container into an error of Berth.
 *
 * @param spec The specification.
 * @param error The refusal.
 * @returns An error that says which part of the specification is at fault, or `error` itself.
 */
export function toCreateError(spec: ContainerSpec, error: EngineError): BerthError {
  const reason = engineMessage(error);
  if (error.status === 409) {
    const message = `Cannot create container '${spec.name}': a container of this name exists. ` +
      `Remove that one, or adopt it. The engine says: ${reason}`;
    return new ContainerConflictError(spec.name, message, { cause: error });
  }
  if (error.status === 400 && /no command specified/i.test(reason)) {
    const message =
      `Cannot create container '${spec.name}': image '${spec.image}' has no program of its own.`;
    return new EngineError(message, error.status, {
      advice: "Name one with the setting 'command', for example [python3, /bot/main.py].",
      cause: error,
    });
  }
  if (error.status === 404 && /no such image/i.test(reason)) {
    const message = `Cannot create container '${spec.name}': image '${spec.image}' is not on the engine.`;
    const advice = "Pull it first, or correct its name.";
    return new ImageUnavailableError(spec.image, message, { advice, cause: error, reason: "not-found" });
  }
  return error;
}

/**
 * Creates the error of an image for another processor or operating system.
 *
 * @param spec The specification.
 * @param warning The engine's warning.
 */
export function toPlatformError({ name, image }: ContainerSpec, warning: string): ImageUnavailableError {
  // The image's platform (linux/arm64) does not match the detected host platform (linux/amd64).
  const [, its = "another platform", engine = "this one"] = warning.includes("does not match the detected")
    ? /^[^(]*\(([^)]*)\)[^(]*\(([^)]*)\)/.exec(warning) ?? []
    : [];
  return new ImageUnavailableError(
    image,
    `Cannot create container '${name}': image '${image}' is for ${its}, and the engine runs ${engine}.`,
    { advice: `Build it for ${engine}, or name an image that was built for ${engine}.`, reason: "refused" },
  );
}

function describe(error: unknown): { code: string; name: string; message: string } {
  if (!(error instanceof Error)) return { code: "", name: "", message: String(error) };
  const code = "code" in error ? String(error.code) : "";
  return { code, name: error.name, message: error.message };
}
