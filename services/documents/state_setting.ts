/**
 * Reads the setting `state`: whether and how the files of a bot are kept.
 *
 * @module
 */

import { DEFAULT_STATE, type StateSettings } from "../../lib/executable/state_settings.ts";
import { BERTH_KEY, wholeNumberSetting } from "./berth_settings.ts";
import { field, type Fields, isObject, typeName } from "./document_fields.ts";

const NAMES: readonly string[] = ["max_mb", "keep", "every", "follow"];
const MIB = 1024 * 1024;
const MAX_MB = 1_048_576;
const MAX_KEEP = 1000;
const UNIT_SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 };
const MAX_EVERY_SECONDS = 366 * 86_400;

/**
 * Reads the setting.
 *
 * @param berth The settings of `config.berth`.
 * @param problems Receives a line for each problem.
 * @returns How the state is kept; `undefined` if it is not.
 */
export function readStateSetting(berth: Fields, problems: string[]): StateSettings | undefined {
  const given = field(berth, "state") ?? false;
  if (given === false) return undefined;
  if (given === true) return DEFAULT_STATE;
  const place = `config.${BERTH_KEY}.state`;
  if (!isObject(given)) {
    problems.push(
      `${place}: must be true, false or an object with ${NAMES.join(", ")} (is ${typeName(given)})`,
    );
    return undefined;
  }
  for (const name of Object.keys(given).filter((name) => !NAMES.includes(name))) {
    problems.push(`${place}: ${JSON.stringify(name.slice(0, 60))} is not one of ${NAMES.join(", ")}`);
  }
  const wholeNumber = (name: string, max: number) =>
    wholeNumberSetting({ [`state.${name}`]: field(given, name) }, `state.${name}`, [1, max], problems);
  const maxMb = wholeNumber("max_mb", MAX_MB);
  const keep = wholeNumber("keep", MAX_KEEP);
  const everySeconds = readEvery(field(given, "every") ?? undefined, place, problems);
  const follow = field(given, "follow") ?? true;
  if (typeof follow !== "boolean") {
    problems.push(`${place}.follow: must be true or false (is ${typeName(follow)})`);
  }
  return {
    maxBytes: maxMb === undefined ? DEFAULT_STATE.maxBytes : maxMb * MIB,
    keep: keep ?? DEFAULT_STATE.keep,
    everySeconds: everySeconds ?? DEFAULT_STATE.everySeconds,
    ...(follow === false && { follow }),
  };
}

function readEvery(value: unknown, place: string, problems: string[]): number | undefined {
  if (value === undefined) return undefined;
  const [, count, unit] = typeof value === "string" ? /^(\d{1,6})([mhd])$/.exec(value) ?? [] : [];
  const seconds = Number(count) * UNIT_SECONDS[unit ?? ""]!;
  if (seconds >= 60 && seconds <= MAX_EVERY_SECONDS) return seconds;
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 20)) : typeName(value);
  problems.push(`${place}.every: must be minutes, hours or days, from 1m to 366d, such as 24h (is ${shown})`);
  return undefined;
}
