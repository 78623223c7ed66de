/**
 * Whose a document is.
 *
 * @module
 */

import { ALL_SEGMENTS } from "../../lib/runner/runner.ts";

/**
 * Whether a service looks after a document. Another service's is none of ours.
 *
 * @param served Segment that the service serves, or `ALL_SEGMENTS`.
 * @param segment Segment of the document.
 */
export function servesSegment(served: number, segment: number): boolean {
  return served === ALL_SEGMENTS || served === segment;
}
