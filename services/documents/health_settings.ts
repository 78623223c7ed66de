/**
 * Reads the setting `health`: how to notice that a bot runs and does nothing.
 *
 * @module
 */

import { BERTH_KEY, wholeNumberSetting } from "./berth_settings.ts";
import { field, type Fields, isObject, typeName } from "./document_fields.ts";

/** How the watchdog looks after a bot. */
export interface HealthSettings {
  /** Longest time without a signal, in seconds; absent if silence is not judged. */
  readonly maxSilenceSeconds?: number;
  /** The kind of output that counts as a signal. */
  readonly signal: "output" | "metric" | "heartbeat";
  /** The only metric that counts; absent if each does. */
  readonly metric?: string;
  /** Program and arguments that succeed in a healthy bot's container; absent if there are none. */
  readonly command?: readonly string[];
  /** Time from the beginning of one command to that of the next, in seconds. */
  readonly intervalSeconds: number;
  /** Longest time that the command may take, in seconds. */
  readonly timeoutSeconds: number;
  /** How long after its start a bot is not judged unless it says that it is ready, in seconds. */
  readonly startGraceSeconds: number;
  /** Failures of the command in a row that make the bot unhealthy. */
  readonly limit: number;
  /** The reaction. */
  readonly action: "alert" | "restart";
}

const SIGNALS: readonly HealthSettings["signal"][] = ["output", "metric", "heartbeat"];
const ACTIONS: readonly HealthSettings["action"][] = ["alert", "restart"];
/** Smallest and largest value of each number. */
const RANGES = {
  max_silence_seconds: [1, 604_800],
  interval_seconds: [1, 86_400],
  timeout_seconds: [1, 300],
  start_grace_seconds: [0, 86_400],
  limit: [1, 100],
} as const;
const NAMES: readonly string[] = [...Object.keys(RANGES), "signal", "metric", "command", "action"];
/** Settings that say how something is done that another setting asks for. */
const NEEDS: Readonly<Record<string, string>> = {
  signal: "max_silence_seconds",
  metric: "max_silence_seconds",
  interval_seconds: "command",
  timeout_seconds: "command",
  limit: "command",
};
const MAX_ARGUMENTS = 100;
const MAX_COMMAND_LENGTH = 4096;
const MAX_METRIC_LENGTH = 200;

/**
 * Reads the setting.
 *
 * @param berth The settings of `config.berth`.
 * @param problems Receives a line for each problem.
 * @returns How the bot is looked after; `undefined` if it is not. Meaningless if a problem was added.
 */
export function readHealthSettings(berth: Fields, problems: string[]): HealthSettings | undefined {
  const given = field(berth, "health") ?? false;
  if (given === false) return undefined;
  const place = `config.${BERTH_KEY}.health`;
  const complain = (problem: string) => void problems.push(`${place}${problem}`);
  if (!isObject(given)) {
    return complain(`: must be false or an object with ${NAMES.join(", ")} (is ${typeName(given)})`);
  }
  for (const name of Object.keys(given).filter((name) => !NAMES.includes(name))) {
    complain(`: ${JSON.stringify(name.slice(0, 60))} is not one of ${NAMES.join(", ")}`);
  }
  const has = (name: string) => (field(given, name) ?? undefined) !== undefined;
  if (!has("max_silence_seconds") && !has("command")) {
    complain(": says nothing to watch; set max_silence_seconds, command or both");
  }
  for (const [name, needed] of Object.entries(NEEDS)) {
    if (has(name) && !has(needed)) complain(`.${name}: has no effect without ${needed}`);
  }
  const wholeNumber = (name: keyof typeof RANGES) =>
    wholeNumberSetting({ [`health.${name}`]: field(given, name) }, `health.${name}`, RANGES[name], problems);
  const choice = <T extends string>(name: string, values: readonly T[]): T | undefined => {
    const value = field(given, name) ?? undefined;
    if (value === undefined || values.includes(value as T)) return value as T | undefined;
    return complain(
      `.${name}: must be ${values.slice(0, -1).join(", ")} or ${values.at(-1)} (is ${show(value)})`,
    ) as undefined;
  };
  const maxSilenceSeconds = wholeNumber("max_silence_seconds");
  const signal = choice("signal", SIGNALS) ?? "output";
  const metric = readMetric(field(given, "metric") ?? undefined, signal, complain);
  const command = readCommand(field(given, "command") ?? undefined, complain);
  const action = choice("action", ACTIONS) ?? "alert";
  if (action === "restart" && field(berth, "restart") === "no") {
    complain(".action: cannot be restart, because config.berth.restart is no; use alert");
  }
  return {
    ...(maxSilenceSeconds !== undefined && { maxSilenceSeconds }),
    signal,
    ...(metric !== undefined && { metric }),
    ...(command && { command }),
    intervalSeconds: wholeNumber("interval_seconds") ?? 30,
    timeoutSeconds: wholeNumber("timeout_seconds") ?? 5,
    startGraceSeconds: wholeNumber("start_grace_seconds") ?? 60,
    limit: wholeNumber("limit") ?? 3,
    action,
  };
}

function readMetric(
  value: unknown,
  signal: HealthSettings["signal"],
  complain: (problem: string) => void,
): string | undefined {
  if (value === undefined) return undefined;
  if (signal !== "metric") complain(".metric: has no effect unless signal is metric");
  const isFine = typeof value === "string" && value !== "" && value.length <= MAX_METRIC_LENGTH;
  if (isFine) return value;
  complain(
    `.metric: must be the name of a metric, at most ${MAX_METRIC_LENGTH} characters long (is ${show(value)})`,
  );
  return undefined;
}

/** A string is a script of the shell. */
function readCommand(value: unknown, complain: (problem: string) => void): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const words: readonly unknown[] = typeof value === "string"
    ? ["/bin/sh", "-c", value]
    : Array.isArray(value)
    ? value
    : [];
  const isWord = (word: unknown) => typeof word === "string" && !word.includes("\0");
  const isFine = words.length > 0 && words.length <= MAX_ARGUMENTS && words.every(isWord) &&
    words[0] !== "" &&
    value !== "" && words.join("").length <= MAX_COMMAND_LENGTH;
  if (isFine) return words as string[];
  complain(
    `.command: must be a script of the shell, or a list of a program and its arguments, at most ` +
      `${MAX_COMMAND_LENGTH} characters long (is ${show(value)})`,
  );
  return undefined;
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : typeName(value);
}
