/**
 * Collects what a request changes, for the audit.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";

/** What a request changed. */
export interface AuditTrail {
  /** Id of what it changed. */
  subject?: string;
  /** ETag of the document before. */
  before?: string;
  /** ETag of the document after. */
  after?: string;
}

const trails = new AsyncLocalStorage<AuditTrail>();

/**
 * Runs the handler of a request.
 *
 * @param trail Takes what the handler notes.
 * @param work The handler.
 */
export function withTrail<T>(trail: AuditTrail, work: () => Promise<T>): Promise<T> {
  return trails.run(trail, work);
}

/**
 * Notes a change of the current request. Does nothing outside of one.
 *
 * @param change What it changed.
 */
export function noteChange(change: AuditTrail): void {
  const trail = trails.getStore();
  if (trail) Object.assign(trail, change);
}
