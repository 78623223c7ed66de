"use strict";
/*
 * Writes what a bot returned as JSON: exactly, or not at all. Own code and not JSON.stringify(), because an object
 * sorts keys that look like numbers: a Map keeps its order here.
 */

/** Deepest nesting; other readers give up there. */
const DEPTH = 1_000;

/** A value without a JSON form, and the way to it from what main returned. */
class Unwritable extends TypeError {
  constructor(problem, way = "") {
    super(way ? `result${way}: ${problem}` : problem);
    Object.assign(this, { problem, way });
  }

  below(step) {
    return new Unwritable(this.problem, step + this.way);
  }
}

/**
 * Valid JSON, always: NaN and the infinities become null, a BigInt a string, a Map an object, a Set an array. What
 * JSON.stringify() leaves out (undefined, functions) is left out.
 *
 * Returns the text, and whether a number that JSON does not have became null.
 */
function toJson(result) {
  const state = { lost: false, open: new Set() };
  const text = write("", result, state);
  if (text === undefined) throw new Unwritable(`a ${typeof result}`);
  return { text, lost: state.lost };
}

function write(key, given, state) {
  let value = given;
  if (typeof value?.toJSON === "function") {
    if (value instanceof Date && Number.isNaN(value.getTime())) state.lost = true;
    value = value.toJSON(key);
  }
  if (value instanceof Number || value instanceof String || value instanceof Boolean) value = value.valueOf();
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "boolean":
      return String(value);
    case "bigint":
      return `"${value}"`;
    case "number":
      if (Number.isFinite(value)) return JSON.stringify(value);
      state.lost = true;
      return "null";
    case "object":
      return value === null ? "null" : writeObject(value, state);
  }
}

function writeObject(value, state) {
  if (state.open.has(value)) throw new Unwritable("it contains itself");
  if (state.open.size >= DEPTH) throw new Unwritable(`it is nested more than ${DEPTH} levels deep`);
  state.open.add(value);
  try {
    if (value instanceof Map) return writeEntries(value, state);
    if (Array.isArray(value)) return writeItems(value, state);
    if (value instanceof Set || ArrayBuffer.isView(value)) return writeItems(Array.from(value), state);
    if (value instanceof Error) {
      return writeEntries([["name", value.name], ["message", value.message]], state);
    }
    return writeEntries(Object.entries(value), state);
  } finally {
    state.open.delete(value);
  }
}

function writeItems(items, state) {
  const texts = [];
  for (let at = 0; at < items.length; at++) {
    texts.push(below(`[${at}]`, () => write(String(at), items[at], state)) ?? "null");
  }
  return `[${texts.join(",")}]`;
}

function writeEntries(entries, state) {
  const texts = new Map();
  for (const [key, value] of entries) {
    const name = typeof key === "string" ? key : writeKey(key, state);
    if (texts.has(name)) {
      throw new Unwritable(`two of its keys are both written as ${shorten(JSON.stringify(name))}`);
    }
    const text = below(`[${shorten(JSON.stringify(name))}]`, () => write(name, value, state));
    if (text !== undefined) texts.set(name, text);
  }
  return `{${Array.from(texts, ([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
}

/** A key of a Map as a string: converted like a value, then written as JSON where it is no string. */
function writeKey(key, state) {
  if (key === undefined) return "undefined";
  const text = write("", key, state);
  if (text === undefined) throw new Unwritable(`one of its keys is a ${typeof key}`);
  return text.startsWith('"') ? JSON.parse(text) : text;
}

function below(step, action) {
  try {
    return action();
  } catch (error) {
    throw error instanceof Unwritable ? error.below(step) : error;
  }
}

function shorten(text) {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

module.exports = { toJson };
