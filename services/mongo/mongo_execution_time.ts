/**
 * How `next_execution_time` is asked for. Each question is a range on one side or what is outside of one, so that a
 * server reads from its index what it asks for and nothing else, also when some program has stored a list there.
 *
 * @module
 */

import { BSON, type Document, type Filter } from "mongodb";
import { NEVER } from "../schedules/schedule_repository.ts";

const FIELD = "next_execution_time";
const FIRST = BSON.Long.fromNumber(1);
const BEYOND = BSON.Long.fromNumber(NEVER + 1);

/** Documents without a time that can be used, those without the field included. */
export const WITHOUT_TIME: Filter<Document> = {
  // What is no number, NaN too, is neither more nor less than one.
  $or: [{ [FIELD]: { $not: { $gte: FIRST } } }, { [FIELD]: { $gte: BEYOND } }],
};

/**
 * Documents that are due.
 *
 * @param until Unix seconds.
 * @returns The filter.
 */
export function dueUntil(until: number): Filter<Document> {
  return { [FIELD]: { $lt: BSON.Long.fromNumber(Math.floor(Math.min(until, NEVER - 1)) + 1) } };
}

/**
 * Documents that are due later, and those that never are.
 *
 * @param after Unix seconds.
 * @returns The filter.
 */
export function dueAfter(after: number): Filter<Document> {
  return { [FIELD]: { $gte: BSON.Long.fromNumber(Math.floor(Math.min(after, NEVER)) + 1) } };
}

/**
 * Documents whose time still is what was read. To be used with an id only.
 *
 * @param time Unix seconds, or `undefined` for no time that can be used.
 * @returns The filter.
 */
export function timeIs(time: number | undefined): Filter<Document> {
  if (time !== undefined) {
    return { [FIELD]: { $gte: BSON.Long.fromNumber(time), $lt: BSON.Long.fromNumber(time + 1) } };
  }
  return { $nor: [{ [FIELD]: { $gte: FIRST, $lt: BEYOND, $not: { $type: "array" } } }] };
}

/**
 * The time as it is stored, so that every program reads an integer.
 *
 * @param time Unix seconds.
 * @returns The field.
 */
export function timeField(time: number): Document {
  return { [FIELD]: BSON.Long.fromNumber(time) };
}
