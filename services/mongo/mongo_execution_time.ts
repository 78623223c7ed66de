/**
 * Queries on `next_execution_time`. Each is a one-sided range or its complement, so that a server reads only
 * matching index entries, even if some program has stored an array there.
 *
 * @module
 */

import { BSON, type Document, type Filter } from "mongodb";
import { NEVER } from "../schedules/schedule_repository.ts";

const FIELD = "next_execution_time";
const FIRST = BSON.Long.fromNumber(1);
const BEYOND = BSON.Long.fromNumber(NEVER + 1);

/** Documents without a usable time, including those without the field. */
export const WITHOUT_TIME: Filter<Document> = {
  // A value that is no number, or NaN, compares neither greater nor less.
  $or: [{ [FIELD]: { $not: { $gte: FIRST } } }, { [FIELD]: { $gte: BEYOND } }],
};

/**
 * Selects the documents that are due.
 *
 * @param until Unix seconds.
 * @returns The filter.
 */
export function dueUntil(until: number): Filter<Document> {
  return { [FIELD]: { $lt: BSON.Long.fromNumber(Math.floor(Math.min(until, NEVER - 1)) + 1) } };
}

/**
 * Selects the documents that are due later, or never.
 *
 * @param after Unix seconds.
 * @returns The filter.
 */
export function dueAfter(after: number): Filter<Document> {
  return { [FIELD]: { $gte: BSON.Long.fromNumber(Math.floor(Math.min(after, NEVER)) + 1) } };
}

/**
 * Selects the documents whose time is still the one that was read. Combine it with an id.
 *
 * @param time Unix seconds, or `undefined` for no usable time.
 * @returns The filter.
 */
export function timeIs(time: number | undefined): Filter<Document> {
  if (time !== undefined) {
    return { [FIELD]: { $gte: BSON.Long.fromNumber(time), $lt: BSON.Long.fromNumber(time + 1) } };
  }
  return { $nor: [{ [FIELD]: { $gte: FIRST, $lt: BEYOND, $not: { $type: "array" } } }] };
}

/**
 * Returns the field in its stored form: an integer for every program.
 *
 * @param time Unix seconds.
 * @returns The field.
 */
export function timeField(time: number): Document {
  return { [FIELD]: BSON.Long.fromNumber(time) };
}
