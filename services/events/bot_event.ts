/**
 * The wire format of an event: subject and payload, fixed by the outside contract.
 *
 * @module
 */

import { BOT_ID_RULE, isBotId } from "../../lib/executable/bot_id.ts";
import type { BotChange, BotDocument, EventOrder } from "../documents/bot_repository.ts";
import { CONFIG_TEXT } from "../documents/config_text.ts";
import { isDeeperThan } from "../documents/nesting.ts";

/** Subjects of events about bots, without the last part (`.created`, `.updated` or `.deleted`). */
export const BOT_SUBJECTS = "the0.bot";
/** Subjects of events about schedules, without the last part. */
export const SCHEDULE_SUBJECTS = "the0.bot-schedule";

/** Maximum size of a document: twice what a default bus accepts. */
const MAX_PAYLOAD_BYTES = 1_500_000;
/** Databases refuse documents that are nested more than about a hundred levels deep. */
const MAX_DEPTH = 64;
const MAX_ID_LENGTH = 1024;

const TYPES = ["created", "updated", "deleted"] as const;
/** Names that a database would read as an operator or a path, and cannot store as an outer field. */
const UNUSABLE_FIELD = /^\$|[.\0]|^$/;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;

type Fields = Readonly<Record<string, unknown>>;

/** An event to send. */
export interface BotEvent {
  /** Its subject, for example `the0.bot.updated`. */
  readonly subject: string;
  /** Its payload. */
  readonly payload: Uint8Array;
}

/** An event as it was received. */
export interface ReceivedEvent {
  /** Its subject, for example `the0.bot.updated`. */
  readonly subject: string;
  /** The subject without its last part, for example `the0.bot`. */
  readonly subjectPrefix: string;
  /** Its payload. */
  readonly payload: Uint8Array;
  /** Its position among the events of the bus. */
  readonly order: EventOrder;
}

/** A parsed event: the change it announces, or why it is invalid. */
export type ParsedEvent = { readonly change: BotChange } | { readonly problem: string };

/** The reason why an event is invalid. */
class EventProblem extends Error {}

/**
 * Parses an event: `{ id, config, custom }`, or wrapped as
 * `{ type, entity_id, data: { id, config, custom } }`. A deletion may carry only the id. Does not validate
 * the content of the fields.
 *
 * @param event The event.
 * @returns The change, with all fields of the event except the database's own `_id`; or a problem, as a
 * printable string.
 */
export function parseBotEvent(event: ReceivedEvent): ParsedEvent {
  try {
    return { change: changeOf(event) };
  } catch (error) {
    if (error instanceof EventProblem) return { problem: error.message };
    throw error;
  }
}

/**
 * Writes the event that announces a change: the document's fields, or only the id for a deletion. The event omits
 * `config_text`, because with it a large configuration would exceed the payload limit of the bus.
 *
 * @param change The change.
 * @param subjectPrefix The subject without its last part.
 * @returns The event, which {@linkcode parseBotEvent} can read.
 */
export function writeBotEvent(change: BotChange, subjectPrefix: string): BotEvent {
  const { type, id } = change;
  const { [CONFIG_TEXT]: _, ...document } = type === "deleted" ? {} as BotDocument : change.document;
  const fields = { ...document, id };
  return {
    subject: `${subjectPrefix}.${type}`,
    payload: new TextEncoder().encode(JSON.stringify(fields)),
  };
}

function changeOf({ subject, subjectPrefix, payload, order }: ReceivedEvent): BotChange {
  const type = TYPES.find((type) => subject === `${subjectPrefix}.${type}`);
  if (!type) throw new EventProblem(`the subject is none of ${subjectPrefix}.${TYPES.join("|")}`);
  const { data, entityId } = unwrap(objectIn(payload));
  const id = idOf(data, entityId);
  // A document with a bad id, written by another program, can still be deleted.
  if (type === "deleted") return { type, id, order };
  if (!isBotId(id)) throw new EventProblem(`its id ${quote(id)} must ${BOT_ID_RULE}`);
  const { _id, ...document }: BotDocument = { ...data, id };
  const unusable = Object.keys(document).find((name) => UNUSABLE_FIELD.test(name));
  if (unusable !== undefined) throw new EventProblem(`the field ${quote(unusable)} cannot be stored`);
  if (Object.keys(document).length === 1) throw new EventProblem("it has nothing but an id");
  return { type, id, document, order };
}

function objectIn(payload: Uint8Array): Fields {
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new EventProblem(
      `it has ${payload.length} bytes, more than the ${MAX_PAYLOAD_BYTES} that are read`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    throw new EventProblem(payload.length === 0 ? "it is empty" : "it is not JSON in UTF-8");
  }
  if (!isObject(value)) throw new EventProblem("it is not a JSON object");
  if (isDeeperThan(value, MAX_DEPTH)) {
    throw new EventProblem(`it is nested more than ${MAX_DEPTH} levels deep`);
  }
  return value;
}

function unwrap(outer: Fields): { readonly data: BotDocument; readonly entityId?: unknown } {
  const isPlain = "config" in outer || "custom" in outer || (!("entity_id" in outer) && !("data" in outer));
  if (isPlain) return { data: outer };
  const { data = {}, entity_id } = outer;
  if (data !== null && !isObject(data)) throw new EventProblem("its 'data' is not an object");
  return { data: data ?? {}, entityId: entity_id };
}

function idOf({ id }: BotDocument, entityId: unknown): string {
  const chosen = id ?? entityId;
  if (chosen === undefined || chosen === null) throw new EventProblem("it has no id");
  if (typeof chosen !== "string") throw new EventProblem("its id is not a string");
  if (chosen === "" || chosen.length > MAX_ID_LENGTH) {
    throw new EventProblem(`its id has ${chosen.length} characters; it must have 1 to ${MAX_ID_LENGTH}`);
  }
  if (CONTROL.test(chosen) || !chosen.isWellFormed()) {
    throw new EventProblem(`its id ${quote(chosen)} has characters that cannot be printed`);
  }
  if ((entityId ?? chosen) !== chosen) {
    throw new EventProblem(`its two ids differ: entity_id ${quote(entityId)}, id ${quote(chosen)}`);
  }
  return chosen;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function quote(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
