/**
 * The forms in which programs print a secret.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** Shortest value, and shortest line of one, that is looked for, in characters: shorter ones are in many words. */
export const MIN_SECRET_CHARACTERS = 8;

/** First and last line of a key as PEM, which are the same in each. */
const PEM_FRAME = /^-----(BEGIN|END) [A-Z0-9 ]+-----$/;

/**
 * Returns the forms of a value: as it is, each line of it, as part of a JSON string, encoded for URLs, and in base64 at any
 * position of a longer text.
 *
 * @param value The value.
 * @returns The forms, without repetitions; none for a value of fewer than 8 characters.
 */
export function secretForms(value: string): string[] {
  return [...new Set([...formsOf(value), ...lineForms(value)])];
}

/**
 * Returns the forms of the lines of a value, without those that every key as PEM has.
 *
 * @param value The value.
 */
export function lineForms(value: string): string[] {
  const lines = value.split(/\r?\n/).map((line) => line.trim()).filter((line) => !PEM_FRAME.test(line));
  return [...new Set(lines.flatMap(formsOf))];
}

function formsOf(text: string): string[] {
  if (!isLong(text)) return [];
  return [text, ...jsonForms(text), ...urlForms(text), ...base64Forms(text)].filter(isLong);
}

function isLong({ length }: string): boolean {
  return length >= MIN_SECRET_CHARACTERS;
}

/** Some programs escape all characters beyond ASCII. */
function jsonForms(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const ascii = json.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return [json, ascii, json.replaceAll("/", "\\/")];
}

function urlForms(text: string): string[] {
  // A half of a surrogate pair cannot be encoded, and no decoded text has one.
  const strict = encodeURIComponent(text).replace(/[!'()*]/g, percent);
  const plain = encodeURIComponent(text);
  const form = new URLSearchParams({ "": text }).toString().slice(1);
  const forms = [strict, plain, form, strict.replaceAll("%2F", "/"), strict.replaceAll("%20", "+")];
  return [...forms, ...forms.map((form) => form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/**
 * In a longer text, such as `user:password`, the value begins at one of three positions of a group, and the characters
 * that it shares with its neighbours are unknown.
 */
function base64Forms(text: string): string[] {
  const whole = Buffer.from(text).toString("base64");
  const inside = [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
    const known = [0, 2, 3][before]!;
    return bytes.toString("base64").slice(known, Math.floor(bytes.length * 8 / 6));
  });
  const forms = [whole, whole.replaceAll("=", ""), ...inside];
  return [...forms, ...forms.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
}
