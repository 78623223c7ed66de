/**
 * The form of a channel and of an alert in `channels.yaml`.
 *
 * @module
 */

import { z } from "zod";
import { InvalidPatternError, LineMatcher } from "../../lib/logs/line_matcher.ts";
import { parseSecretReference } from "../../lib/secrets/secret_reference.ts";
import { INCIDENT_KINDS } from "./incidents.ts";
import { matchesGlob } from "./glob.ts";

/** Longest pattern of a name, in characters. */
const MAX_GLOB = 200;

const name = z.string("must be a string").regex(
  /^[a-z0-9][a-z0-9_-]{0,62}$/,
  "must be 1 to 63 lower case letters, digits, '_' or '-', and begin with a letter or digit",
);

/** A string that is a reference to a secret. */
const reference = z.string("must be a string").superRefine((text, context) => {
  const parsed = parseSecretReference(text);
  if ("problem" in parsed) context.addIssue({ code: "custom", message: parsed.problem });
});

/** An address, or a reference to one: the address of a channel often is a secret. */
const address = z.string("must be a string").superRefine((text, context) => {
  if (/^https?:/i.test(text)) {
    if (!URL.canParse(text)) context.addIssue({ code: "custom", message: "is not a valid address" });
    return;
  }
  if ("problem" in parseSecretReference(text)) {
    context.addIssue({
      code: "custom",
      message:
        "must be an address that begins with https:// or http://, or a reference such as file:slack-url",
    });
  }
});

const events = z.array(
  z.string().refine(
    (pattern) => INCIDENT_KINDS.some((kind) => matchesGlob(pattern, kind)),
    `must be a kind, or a pattern of kinds such as bot.*; kinds are ${INCIDENT_KINDS.join(", ")}`,
  ),
  "must be a list",
).min(1, "must not be empty; leave it out for all").optional();

const bots = z.array(
  z.string("must be a string; put patterns with * in quotes").min(1).max(MAX_GLOB),
  "must be a list",
).min(1, "must not be empty; leave it out for all").optional();

const route = {
  name,
  events,
  bots,
  cooldown_seconds: z.int("must be a whole number of seconds").min(0).max(86_400).optional(),
  digest_after: z.int("must be a whole number").min(0).max(1000).optional(),
};

/** The address of a channel: directly, by reference, or in a file. */
const at = { url: address.optional(), url_file: z.string("must be a string").min(1).optional() };

const mailbox = z.string("must be a string").refine(isMailbox, "must be an address such as a@b.org");

const FORMS = {
  webhook: z.strictObject({ ...route, ...at, type: z.literal("webhook"), secret: reference.optional() }),
  slack: z.strictObject({ ...route, ...at, type: z.literal("slack") }),
  discord: z.strictObject({ ...route, ...at, type: z.literal("discord") }),
  telegram: z.strictObject({
    ...route,
    ...at,
    type: z.literal("telegram"),
    token: reference,
    chat_id: z.union([z.string(), z.int()], "must be a number, or a name such as @alerts").transform(String),
    thread_id: z.int("must be a whole number").optional(),
  }),
  ntfy: z.strictObject({
    ...route,
    ...at,
    type: z.literal("ntfy"),
    topic: z.string("must be a string").regex(/^[-_A-Za-z0-9]{1,64}$/, "must be letters, digits, '_' or '-'"),
    token: reference.optional(),
  }),
  apprise: z.strictObject({ ...route, ...at, type: z.literal("apprise") }),
  email: z.strictObject({
    ...route,
    type: z.literal("email"),
    host: z.string("must be a string").regex(
      /^[A-Za-z0-9.-]+$|^\[?[0-9a-fA-F:]+\]?$/,
      "must be a host's name",
    ),
    port: z.int("must be a number").min(1).max(65_535).optional(),
    tls: z.enum(["start", "always", "off"], "must be start, always or off").default("start"),
    user: z.string("must be a string").optional(),
    password: reference.optional(),
    from: mailbox,
    to: z.array(mailbox, "must be a list of addresses").min(1).max(50),
  }),
} as const;

/** Types of channels. */
export type ChannelType = keyof typeof FORMS;

/** A channel, as the file describes it. Holds references, and perhaps an address that is a secret. */
export type Channel = { readonly [K in ChannelType]: z.output<(typeof FORMS)[K]> }[ChannelType];

/** An alert, as the file describes it. */
export type Alert = z.output<typeof alert>;

/** Types whose address has a default. */
const DEFAULT_ADDRESS: Partial<Record<ChannelType, string>> = {
  telegram: "https://api.telegram.org",
  ntfy: "https://ntfy.sh",
};

/** The form of an alert. */
const alert = z.strictObject({
  name,
  pattern: z.string("must be a string").min(1, "must not be empty").superRefine((regex, context) => {
    try {
      new LineMatcher({ regex });
    } catch (error) {
      if (!(error instanceof InvalidPatternError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
    }
  }),
  bots,
  stream: z.enum(["stdout", "stderr"], "must be stdout or stderr").optional(),
  cooldown_seconds: z.int("must be a whole number of seconds").min(1).max(86_400).default(300),
  severity: z.enum(["info", "warning", "critical"], "must be info, warning or critical").default("warning"),
  channels: z.array(name, "must be a list of names").min(1).optional(),
});

/** A value, or what is wrong with it: where in the value, and the message. */
export type Checked<T> =
  | { readonly value: T }
  | { readonly problems: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] };

/**
 * Checks a channel.
 *
 * @param given The content of the file.
 */
export function checkChannel(given: unknown): Checked<Channel> {
  const type = (given as { type?: unknown } | null)?.type;
  if (typeof type !== "string" || !Object.hasOwn(FORMS, type)) {
    const message = `must be one of ${Object.keys(FORMS).join(", ")}`;
    return { problems: [{ path: ["type"], message }] };
  }
  const checked = check(FORMS[type as ChannelType] as z.ZodType<Channel>, given);
  if ("problems" in checked || checked.value.type === "email") return checked;
  const { value } = checked;
  const count = [value.url, value.url_file].filter((one) => one !== undefined).length;
  if (count === 1) return checked;
  const url = DEFAULT_ADDRESS[value.type];
  if (count === 0 && url !== undefined) return { value: { ...value, url } };
  return { problems: [{ path: ["url"], message: "give one of url and url_file" }] };
}

/**
 * Checks an alert.
 *
 * @param given The content of the file.
 */
export function checkAlert(given: unknown): Checked<Alert> {
  return check(alert, given);
}

function isMailbox(text: string): boolean {
  const [user = "", host = "", ...more] = text.split("@");
  return user !== "" && host !== "" && more.length === 0 && !/[\s<>,;]/.test(text);
}

function check<T>(form: z.ZodType<T>, given: unknown): Checked<T> {
  const parsed = form.safeParse(given);
  if (parsed.success) return { value: parsed.data };
  return {
    problems: parsed.error.issues.map((issue) => ({
      path: issue.path,
      message: issue.code === "unrecognized_keys"
        ? `${issue.keys.map((key) => JSON.stringify(key.slice(0, 60))).join(", ")} is not known here`
        : issue.code === "invalid_type" && issue.input === undefined
        ? "is missing"
        : issue.message,
    })),
  };
}
