/**
 * An engine that answers, and cannot read the log of one of its containers.
 *
 * @module
 */

import { EngineUnavailableError } from "../errors.ts";

/** The engine answers, but does not reach the node that keeps the log of a container. */
export class LogUnreachableError extends EngineUnavailableError {}
