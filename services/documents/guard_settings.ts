/**
 * Reads the guards of a bot: rules on its own metrics that alert somebody, or stop it for good.
 *
 * @module
 */

import { BERTH_KEY } from "./berth_settings.ts";
import { field, type Fields, isObject, typeName } from "./document_fields.ts";

/** The quantity that a guard compares with its limit. */
export const GUARD_CONDITIONS = ["below", "above", "drawdown_pct", "rate_per_minute"] as const;

/** The quantity that a guard compares with its limit. */
export type GuardCondition = (typeof GUARD_CONDITIONS)[number];

/** The reaction of a guard that trips. */
export type GuardAction = "alert" | "stop";

/** The settings of a rule, for one bot or for several. */
export interface GuardRule {
  /** Its name, unique among those of the bot. */
  readonly name: string;
  /** The value of `_metric` that it looks at. */
  readonly metric: string;
  /** The field of the metric: its name, or names with dots between them; absent if lines are counted. */
  readonly field?: string;
  /** The quantity to compare with the limit. */
  readonly when: GuardCondition;
  /** The limit: a value beyond it trips the guard. */
  readonly limit: number;
  /** How long the value has to be beyond the limit, in seconds. */
  readonly forSeconds: number;
  /** The reaction if no usable value comes. @default nothing */
  readonly onMissing?: { readonly afterSeconds: number; readonly action: GuardAction };
  /** The reaction beyond the limit. */
  readonly action: GuardAction;
  /** Whether it stays tripped until a person releases it. Always so if it stops the bot. */
  readonly latch: boolean;
}

/** Largest number of guards, and longest strings, in characters. */
const LIMITS = { count: 20, name: 63, metric: 200, field: 200 } as const;
/** Longest duration, in seconds. */
const MAX_SECONDS = 86_400;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const KEYS: readonly string[] = [
  "name",
  "metric",
  "field",
  "when",
  "limit",
  "for_seconds",
  "on_missing",
  "action",
  "latch",
];

/**
 * Reads the guards of a bot.
 *
 * @param berth The settings of `config.berth`.
 * @param problems Receives a line for each problem.
 * @returns The guards; `undefined` if there are none. Meaningless if a problem was added.
 */
export function readGuards(berth: Fields, problems: string[]): readonly GuardRule[] | undefined {
  const given = field(berth, "guards") ?? undefined;
  if (given === undefined) return undefined;
  const place = `config.${BERTH_KEY}.guards`;
  if (!Array.isArray(given)) {
    problems.push(`${place}: must be a list (is ${typeName(given)})`);
    return undefined;
  }
  if (given.length > LIMITS.count) problems.push(`${place}: must have at most ${LIMITS.count} guards`);
  const rules = given.slice(0, LIMITS.count).map((guard, index) =>
    readGuardRule(guard, (path, message) => {
      problems.push(`${place}[${index}]${path === "" ? "" : `.${path}`}: ${message}`);
    })
  );
  const names = rules.map((rule) => rule?.name);
  for (const [index, name] of names.entries()) {
    if (name !== undefined && names.indexOf(name) < index) {
      problems.push(`${place}[${index}].name: '${name}' is taken; give each guard a name of its own`);
    }
  }
  const found = rules.filter((rule) => rule !== undefined);
  return found.length > 0 ? found : undefined;
}

/**
 * Reads one rule.
 *
 * @param guard The settings from a document or a file.
 * @param note Receives each problem: the place within the rule, and what is wrong.
 * @param others Keys that the caller reads itself. @default none
 * @returns The rule; `undefined` if there was a problem.
 */
export function readGuardRule(
  guard: unknown,
  note: (path: string, message: string) => void,
  others: readonly string[] = [],
): GuardRule | undefined {
  if (!isObject(guard)) {
    note("", `must be an object (is ${typeName(guard)})`);
    return undefined;
  }
  let isFine = true;
  const wrong = (path: string, message: string): undefined => {
    isFine = false;
    note(path, message);
  };
  const known = [...KEYS, ...others];
  for (const key of Object.keys(guard)) {
    if (!known.includes(key)) {
      wrong(shown(key), `is not known; known are ${known.join(", ")}`);
    }
  }
  const read = new RuleReader(guard, wrong);
  const when = read.oneOf("when", GUARD_CONDITIONS);
  const isCounting = when === "rate_per_minute" && (field(guard, "field") ?? undefined) === undefined;
  const action = read.oneOf("action", ["alert", "stop"] as const, "alert");
  const onMissing = readOnMissing(guard, wrong);
  const isStopping = action === "stop" || onMissing?.action === "stop";
  const latch = read.flag("latch", isStopping);
  if (isStopping && latch === false) {
    wrong("latch", "must be true with the action 'stop': the bot would be started again at once");
  }
  const rule = {
    name: read.name(),
    metric: read.string("metric", LIMITS.metric),
    ...(isCounting ? {} : { field: read.string("field", LIMITS.field) }),
    when,
    limit: read.limit(when),
    forSeconds: read.seconds("for_seconds", 0, 0),
    ...(onMissing && { onMissing }),
    action,
    latch,
  };
  return isFine ? rule as GuardRule : undefined;
}

function readOnMissing(
  guard: Fields,
  wrong: (path: string, message: string) => undefined,
): GuardRule["onMissing"] {
  const given = field(guard, "on_missing") ?? undefined;
  if (given === undefined) return undefined;
  if (!isObject(given)) return wrong("on_missing", `must be an object (is ${typeName(given)})`);
  const read = new RuleReader(given, (path, message) => wrong(`on_missing.${path}`, message));
  for (const key of Object.keys(given)) {
    if (key !== "after_seconds" && key !== "action") {
      wrong(`on_missing.${shown(key)}`, "is not known; known are after_seconds, action");
    }
  }
  const afterSeconds = read.seconds("after_seconds", 1);
  const action = read.oneOf("action", ["alert", "stop"] as const);
  return afterSeconds === undefined || action === undefined ? undefined : { afterSeconds, action };
}

/** Reads the values of a rule, and says what is wrong with them. */
class RuleReader {
  constructor(readonly fields: Fields, readonly wrong: (path: string, message: string) => undefined) {}

  oneOf<T extends string>(key: string, words: readonly T[], usual?: T): T | undefined {
    const value = field(this.fields, key) ?? usual;
    if (words.some((word) => word === value)) return value as T;
    const is = typeof value === "string" ? `'${shown(value)}'` : typeName(value);
    return this.wrong(key, `must be ${words.join(", ").replace(/, ([^,]*)$/, " or $1")} (is ${is})`);
  }

  string(key: string, max: number): string | undefined {
    const value = field(this.fields, key);
    if (typeof value !== "string") return this.wrong(key, `must be a string (is ${typeName(value)})`);
    if (value !== "" && value.length <= max) return value;
    return this.wrong(key, `must have 1 to ${max} characters`);
  }

  name(): string | undefined {
    const name = this.string("name", LIMITS.name);
    if (name === undefined || NAME.test(name)) return name;
    return this.wrong("name", "must be letters, digits, '_', '.' or '-', and begin with a letter or digit");
  }

  flag(key: string, usual: boolean): boolean | undefined {
    const value = field(this.fields, key) ?? usual;
    return typeof value === "boolean"
      ? value
      : this.wrong(key, `must be true or false (is ${typeName(value)})`);
  }

  limit(when: GuardCondition | undefined): number | undefined {
    const value = field(this.fields, "limit");
    if (typeof value !== "number" || !Number.isFinite(value)) {
      const is = typeof value === "number" ? value : typeName(value);
      return this.wrong("limit", `must be a finite number (is ${is})`);
    }
    if (when === "drawdown_pct" && (value <= 0 || value > 100)) {
      return this.wrong("limit", `must be above 0 and at most 100 percent (is ${value})`);
    }
    if (when === "rate_per_minute" && value < 0) {
      return this.wrong("limit", `must be 0 or more for a rate (is ${value})`);
    }
    return value;
  }

  seconds(key: string, min: number, usual?: number): number | undefined {
    const value = field(this.fields, key) ?? usual;
    if (typeof value === "number" && value >= min && value <= MAX_SECONDS) return value;
    const is = typeof value === "number" ? value : typeName(value);
    return this.wrong(key, `must be a number of seconds from ${min} to ${MAX_SECONDS} (is ${is})`);
  }
}

function shown(text: string): string {
  return text.slice(0, 60);
}
