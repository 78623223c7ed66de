/**
 * Determines which failed starts may succeed when they are tried again.
 *
 * @module
 */

import {
  BerthError,
  EngineUnavailableError,
  ImageUnavailableError,
  ObjectStoreError,
  SecretUnavailableError,
} from "../../lib/errors.ts";
import { LeaseHeldError } from "../../lib/cluster/cluster_leases.ts";
import { AccountHeldError } from "../leases/account_held_error.ts";
import { isDiskFull } from "../../lib/util/files.ts";
import { NotServingError } from "./serving_right.ts";

/** Whether something other than the program has to recover first. @param error The error that a start threw. */
export function isTransientStartFailure(error: unknown): boolean {
  if (error instanceof ImageUnavailableError) return error.reason === "unreachable";
  return error instanceof NotServingError || error instanceof LeaseHeldError ||
    error instanceof AccountHeldError ||
    error instanceof EngineUnavailableError ||
    error instanceof ObjectStoreError || error instanceof SecretUnavailableError || isDiskFull(error) ||
    !(error instanceof BerthError);
}
