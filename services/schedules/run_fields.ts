/**
 * Stored names and types of the ledger's fields: snake_case, like the documents beside it.
 *
 * @module
 */

import { field, type Fields } from "../documents/document_fields.ts";
import {
  OPEN_STATES,
  type RunChange,
  type RunRecord,
  type RunResultStatus,
  type RunState,
  type RunTrigger,
} from "./run_repository.ts";

/** Type of a stored field: a string, a whole number, a number, or a date. */
export type RunFieldType = "text" | "integer" | "number" | "date";

/** A field of a record. */
export interface RunField {
  /** Its name in {@linkcode RunRecord}. */
  readonly property: keyof RunRecord;
  /** Its stored name. */
  readonly name: string;
  /** Its type. */
  readonly type: RunFieldType;
}

const STATES: readonly RunState[] = [...OPEN_STATES, "succeeded", "failed", "timed-out", "skipped"];
const TRIGGERS: readonly RunTrigger[] = ["schedule", "catch-up", "manual"];
const RESULTS: readonly RunResultStatus[] = ["stored", "missing", "too-large", "not-a-file", "invalid-json"];

/** One entry per property, so that the compiler finds a missing one. */
const TYPES: Readonly<Record<keyof RunRecord, RunFieldType>> = {
  id: "text",
  scheduleId: "text",
  slot: "integer",
  trigger: "text",
  requestedBy: "text",
  state: "text",
  reason: "text",
  instance: "text",
  seenAt: "date",
  claimedAt: "date",
  startedAt: "date",
  finishedAt: "date",
  startLagMs: "number",
  durationMs: "number",
  exitCode: "integer",
  version: "text",
  revision: "integer",
  archiveSha256: "text",
  dependencies: "text",
  image: "text",
  configHash: "text",
  berth: "text",
  attempt: "integer",
  containerName: "text",
  log: "text",
  resultStatus: "text",
  result: "text",
};

/** All fields. */
export const RUN_FIELDS: readonly RunField[] = Object.entries(TYPES).map(([property, type]) => ({
  property: property as keyof RunRecord,
  name: property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  type,
}));

/**
 * Converts a record, or a change of one, to stored fields.
 *
 * @param record The record or change.
 * @param toStored Converts a value to what the database holds.
 * @returns The stored fields it contains.
 */
export function writeRunFields<T>(
  record: RunRecord | RunChange,
  toStored: (value: NonNullable<RunRecord[keyof RunRecord]>, type: RunFieldType) => T,
): Record<string, T> {
  const values: Partial<{ readonly [K in keyof RunRecord]: RunRecord[K] | null }> = record;
  return Object.fromEntries(RUN_FIELDS.flatMap(({ property, name, type }) => {
    const value = values[property];
    return value === undefined || value === null ? [] : [[name, toStored(value, type)]];
  }));
}

/**
 * Lists the fields that a change removes.
 *
 * @param change The change.
 * @returns Their stored names.
 */
export function clearedRunFields(change: RunChange): string[] {
  const values: Partial<Record<keyof RunRecord, unknown>> = change;
  return RUN_FIELDS.filter(({ property }) => values[property] === null).map(({ name }) => name);
}

/**
 * Parses a record that any program may have changed. Invalid values count as missing; required values are
 * derived where possible.
 *
 * @param fields The stored fields, with times as `Date` objects.
 * @returns The record, or `undefined` if its slot or its state is unknown.
 */
export function readRunFields(fields: Fields): RunRecord | undefined {
  const record: Record<string, unknown> = {};
  for (const { property, name, type } of RUN_FIELDS) {
    const value = field(fields, name);
    if (isOf(type, value)) record[property] = value;
  }
  const { id, scheduleId, slot, state, trigger, resultStatus, claimedAt, ...rest } = record as Partial<
    RunRecord
  >;
  if (!id || !scheduleId || slot === undefined || !isOneOf(STATES, state)) return undefined;
  const when = claimedAt ?? new Date(slot * 1000);
  if (Number.isNaN(when.getTime())) return undefined;
  return {
    id,
    scheduleId,
    slot,
    state,
    trigger: isOneOf(TRIGGERS, trigger) ? trigger : "schedule",
    claimedAt: when,
    ...(isOneOf(RESULTS, resultStatus) && { resultStatus }),
    ...rest,
    instance: rest.instance ?? "",
    seenAt: rest.seenAt ?? when,
    attempt: rest.attempt ?? 0,
  };
}

function isOf(type: RunFieldType, value: unknown): boolean {
  switch (type) {
    case "text":
      return typeof value === "string";
    case "integer":
      return Number.isSafeInteger(value);
    case "number":
      return Number.isFinite(value);
    case "date":
      return value instanceof Date && !Number.isNaN(value.getTime());
  }
}

function isOneOf<T>(values: readonly T[], value: unknown): value is T {
  return (values as readonly unknown[]).includes(value);
}
