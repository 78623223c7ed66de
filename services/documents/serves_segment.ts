/**
 * Which service serves a document.
 *
 * @module
 */

import { ALL_SEGMENTS } from "../../lib/runner/runner.ts";

/**
 * Whether a service serves a document.
 *
 * @param served Segment that the service serves, or `ALL_SEGMENTS`.
 * @param segment Segment of the document.
 */
export function servesSegment(served: number, segment: number): boolean {
  return served === ALL_SEGMENTS || served === segment;
}
