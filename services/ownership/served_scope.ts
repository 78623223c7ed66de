/**
 * The scope that one service at a time serves.
 *
 * @module
 */

import { ALL_SEGMENTS } from "../../lib/runner/runner.ts";

/** The scope of a service. */
export interface ServedScope {
  /** Which service it is. */
  readonly service: "bots" | "schedules";
  /** Segment of the bots, or `ALL_SEGMENTS`. */
  readonly segment: number;
  /** Name of its instance. */
  readonly instance: string;
}

/**
 * Whether two services must not serve at the same time: bots of one segment are served by one service, and runs are
 * looked after by the instance that claimed them, so each instance has one scheduler.
 *
 * @param a One.
 * @param b The other.
 */
export function doScopesConflict(a: ServedScope, b: ServedScope): boolean {
  if (a.service !== b.service) return false;
  if (a.service === "schedules") return a.instance === b.instance;
  return a.segment === b.segment || a.segment === ALL_SEGMENTS || b.segment === ALL_SEGMENTS;
}

/**
 * Names what is served.
 *
 * @param scope The scope.
 */
export function describeScope({ service, segment, instance }: ServedScope): string {
  if (service === "schedules") return `the schedules of instance '${instance}'`;
  return segment === ALL_SEGMENTS ? "the bots" : `the bots of segment ${segment}`;
}
