/**
 * The schema of `bot-config.yaml`.
 *
 * @module
 */

import { z } from "zod";
import { didYouMean } from "../../lib/util/did_you_mean.ts";
import { DEFAULT_RUNTIME, IMAGE_RUNTIME } from "../../lib/executable/runtimes.ts";
import { field, isObject } from "../../services/documents/document_fields.ts";
import { ALL_SETTINGS } from "../../services/documents/berth_settings.ts";

const entrypoints = z.strictObject({
  bot: z.string().optional(),
  backtest: z.string().optional(),
  query: z.string().optional(),
});

const fields = z.strictObject({
  name: z.string("must be a string"),
  description: z.string().optional(),
  version: z.string("must be a string, for example 1.0.0"),
  author: z.string().optional(),
  type: z.enum(["realtime", "scheduled"], "must be realtime or scheduled").optional(),
  runtime: z.string().default(DEFAULT_RUNTIME),
  schedule: z.string("must be a cron expression").optional(),
  entrypoints,
  // Fields for other programs.
  schema: z.unknown().optional(),
  readme: z.unknown().optional(),
  metadata: z.unknown().optional(),
  hasFrontend: z.unknown().optional(),
  // Read by `readFolderSettings()`.
  ...Object.fromEntries(ALL_SETTINGS.map((name) => [name, z.unknown().optional()])),
});

const schema = fields.superRefine((value, context) => {
  if (value.type !== "realtime" || value.schedule === undefined) return;
  const message = "a bot of type realtime has none; leave out one of both";
  context.addIssue({ code: "custom", path: ["schedule"], message });
});

/** The program of a bot with an image of its own is in the image. */
function withDefaults(value: unknown): unknown {
  if (!isObject(value) || field(value, "runtime") !== IMAGE_RUNTIME) return value;
  return { entrypoints: {}, ...value };
}

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
  const parsed = schema.safeParse(withDefaults(value));
  if (parsed.success) return { config: parsed.data };
  return { problems: parsed.error.issues.flatMap(describe) };
}

function describe(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.join(".");
  if (issue.code !== "unrecognized_keys") return [`${at || "file"}: ${issue.message}`];
  const known = at === "entrypoints" ? Object.keys(entrypoints.shape) : Object.keys(fields.shape);
  return issue.keys.map((key) => {
    const meant = didYouMean(key, known);
    const name = JSON.stringify(key.slice(0, 60));
    return `${at || "file"}: ${name} is not known; ${
      meant ? `did you mean '${meant}'?` : `known are ${known.join(", ")}`
    }`;
  });
}
