/**
 * The schema of `bot-config.yaml`.
 *
 * @module
 */

import { z } from "zod";
import { didYouMean } from "../../lib/util/did_you_mean.ts";
import { DEFAULT_RUNTIME } from "../../lib/executable/runtimes.ts";
import { SCHEDULE_SETTINGS } from "../../services/documents/berth_settings.ts";

/** Every scalar of the file is a string, so that version 1.10 does not become the number 1.1. */
const wholeNumber = z.string("must be a whole number").regex(/^\d{1,15}$/, "must be a whole number")
  .transform(Number).optional();

const settings = {
  timezone: z.string("must be an IANA name such as Europe/Berlin").optional(),
  concurrency_policy: z.string("must be Forbid, Allow or Replace").optional(),
  starting_deadline_seconds: wholeNumber,
  max_runtime_seconds: wholeNumber,
  retries: wholeNumber,
  stop_grace_seconds: wholeNumber,
  log_interval_seconds: wholeNumber,
};

const schema = z.strictObject({
  name: z.string("must be a string"),
  description: z.string().optional(),
  version: z.string("must be a string, for example 1.0.0"),
  author: z.string().optional(),
  type: z.enum(["realtime", "scheduled"], "must be realtime or scheduled").optional(),
  runtime: z.string().default(DEFAULT_RUNTIME),
  schedule: z.string("must be a cron expression").optional(),
  entrypoints: z.strictObject({
    bot: z.string().optional(),
    backtest: z.string().optional(),
    query: z.string().optional(),
  }),
  // Fields for other programs.
  schema: z.unknown().optional(),
  readme: z.unknown().optional(),
  metadata: z.unknown().optional(),
  ...settings,
}).superRefine((value, context) => {
  const report = (path: string, message: string) =>
    context.addIssue({ code: "custom", path: [path], message });
  if (value.type === "realtime" && value.schedule !== undefined) {
    report("schedule", "a bot of type realtime has none; leave out one of both");
  }
  if (value.type === "scheduled" || value.schedule !== undefined) return;
  for (const name of SCHEDULE_SETTINGS) {
    if (value[name] !== undefined) report(name, "has no effect without a schedule");
  }
});

/** The content of a `bot-config.yaml`. */
export type BotConfig = z.infer<typeof schema>;

/**
 * Parses the content of the file.
 *
 * @param value The content, with strings as its scalars.
 * @returns The description, or one line for each problem.
 */
export function parseBotConfig(
  value: unknown,
): { readonly config: BotConfig } | { readonly problems: string[] } {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { config: parsed.data };
  return { problems: parsed.error.issues.flatMap(describe) };
}

/**
 * Returns Berth's settings in the file.
 *
 * @param config The content of the file.
 * @returns The settings, for `config.berth` of the document.
 */
export function settingsOf(config: BotConfig): Record<string, string | number> {
  const names = Object.keys(settings) as (keyof typeof settings)[];
  return Object.fromEntries(names.flatMap((name) => {
    const value = config[name];
    return value === undefined ? [] : [[name, value]];
  }));
}

function describe(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.join(".");
  if (issue.code !== "unrecognized_keys") return [`${at || "file"}: ${issue.message}`];
  const known = at === "entrypoints"
    ? Object.keys(schema.shape.entrypoints.shape)
    : Object.keys(schema.shape);
  return issue.keys.map((key) => {
    const meant = didYouMean(key, known);
    const name = JSON.stringify(key.slice(0, 60));
    return `${at || "file"}: ${name} is not known; ${
      meant ? `did you mean '${meant}'?` : `known are ${known.join(", ")}`
    }`;
  });
}
