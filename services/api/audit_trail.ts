/**
 * Collects what a request changes, for the audit.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { OperationId } from "../contract/operations.ts";

/** The changes of a request. */
export interface AuditTrail {
  /** Id of what it changed. */
  subject?: string;
  /** ETag of the document before. */
  before?: string;
  /** ETag of the document after. */
  after?: string;
  /** Why, in the words of the caller. */
  reason?: string;
}

/** The caller of a request. */
export interface RequestCause {
  /** The operation. */
  readonly operation: OperationId;
  /** Name of the caller. */
  readonly who: string;
}

const trails = new AsyncLocalStorage<{ readonly trail: AuditTrail; readonly cause: RequestCause }>();

/**
 * Runs the handler of a request.
 *
 * @param trail Takes what the handler notes.
 * @param cause The caller who makes the request.
 * @param work The handler.
 */
export function withTrail<T>(trail: AuditTrail, cause: RequestCause, work: () => Promise<T>): Promise<T> {
  return trails.run({ trail, cause }, work);
}

/** Returns who makes the current request; `undefined` outside of one, and for one that only reads. */
export function currentCause(): RequestCause | undefined {
  return trails.getStore()?.cause;
}

/**
 * Records a change of the current request. Does nothing outside of one.
 *
 * @param change The change that it made.
 */
export function noteChange(change: AuditTrail): void {
  const store = trails.getStore();
  if (store) Object.assign(store.trail, change);
}
