/**
 * The forms of values that variables have.
 *
 * @module
 */

import { z } from "zod";
import { LIMIT_RANGES, NETWORK_NAME } from "../executable/own_limits.ts";
import { RUNTIMES } from "../executable/runtimes.ts";
import type { UidRange } from "../users/bot_users.ts";
import { withoutEndingSlashes } from "../util/api_socket.ts";
import { parseConnectionString } from "../util/connection_string.ts";
import { about } from "./variable_notes.ts";

/** Above what systemd, sssd and subordinate ids use by default, below what 32 bits with a sign hold. */
export const DEFAULT_BOT_UIDS: UidRange = { first: 2_001_000_000, last: 2_100_999_999 };
/** Below it are users of the system and of people; above it tools that read a sign fail. */
const MIN_BOT_UID = 1000;
const MAX_BOT_UID = 2 ** 31 - 2;
/** With fewer ids, bots would often be assigned the same one. */
const MIN_BOT_UIDS = 1000;
const CAPABILITY = /^[A-Z][A-Z_]*$/;

/** An absolute path without `..`. */
export const absolutePath = z.string().regex(/^\/[^\0]*$/, "must be an absolute path")
  .refine((path) => !path.split("/").includes(".."), "must not contain '..'")
  .transform(withoutEndingSlashes);
/** Name of a bucket. */
export const bucket = z.string().regex(
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  "must be a bucket name: 3 to 63 lower-case letters, digits, '.' or '-'",
);
/** `true` or `false`. */
export const flag = z.enum(["true", "false"], "must be true or false").transform((text) => text === "true");

/** Name of a network. */
export const network = z.string().regex(NETWORK_NAME, "must be host, bridge, none or the name of a network");

/** A variable that is passed to builders, and to no bot. */
export function builderText(description: string) {
  return z.string().optional().meta(about("Dependencies", description, "that of the tool"));
}

/** A whole number. @param min Least value. @param max Greatest value. */
export function integer(min: number, max: number): z.ZodType<number, string> {
  return z.string().regex(/^\d{1,15}$/, `must be a whole number from ${min} to ${max}`).transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);
}

/** A number of processors, such as `0.5`. */
export const processors: z.ZodType<number, string> = z.string()
  .regex(/^\d{1,4}(\.\d{1,2})?$/, "must be a number of processors such as 0.5").transform(Number)
  .refine(
    (value) => value >= LIMIT_RANGES.cpus[0] && value <= LIMIT_RANGES.cpus[1],
    `must be from ${LIMIT_RANGES.cpus[0]} to ${LIMIT_RANGES.cpus[1]}`,
  );

/** A variable that may be missing. @param type Its type. @param value Its default. */
export function withDefault<T>(type: z.ZodType<T, string>, value: T): z.ZodType<T> {
  return type.optional().transform((given) => given ?? value) as z.ZodType<T>;
}

/** Origin of a server; a path of a proxy may follow. */
export function parseVaultAddress(text: string, context: z.RefinementCtx): string {
  const url = URL.parse(text);
  const isGood = url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" &&
    url.search === "" && url.hash === "";
  if (isGood) return withoutEndingSlashes(url.href);
  context.addIssue({
    code: "custom",
    message: "must be an address without a password, such as https://vault.example.com:8200",
  });
  return z.NEVER;
}

/** Names of variables, separated by commas. */
export function parseVariableNames(text: string, context: z.RefinementCtx): string[] {
  const names = text.split(",").map((name) => name.trim()).filter(Boolean);
  const wrong = names.find((name) => !/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name));
  if (wrong !== undefined) {
    context.addIssue({
      code: "custom",
      message: `must be names of variables separated by commas; '${wrong}' is none`,
    });
  }
  return names;
}

/** Host and port of a server, without a scheme. */
export function parseEndpoint(text: string, context: z.RefinementCtx): { host: string; port: number } {
  const parsed = parseConnectionString(text, { schemes: [], defaultScheme: "minio" });
  const { hosts: [host, ...others], user, rest } = "problem" in parsed
    ? { hosts: [], user: undefined, rest: "" }
    : parsed;
  const isPlain = host?.port !== undefined && others.length === 0 && user === undefined && rest === "";
  if (!isPlain) {
    context.addIssue({
      code: "custom",
      message: "must be host:port, without http:// (use MINIO_SSL for TLS), for example localhost:9000",
    });
  }
  return { host: host?.hostname ?? "", port: host?.port ?? 0 };
}

/** Images of runtimes: `runtime=image` pairs separated by commas. */
export function parseImages(text: string, context: z.RefinementCtx): Record<string, string> {
  const images: Record<string, string> = {};
  const names = [...RUNTIMES.values()].flatMap(({ name, image }) => image === undefined ? [] : [name]);
  for (const part of text.split(",").map((part) => part.trim()).filter(Boolean)) {
    const at = part.indexOf("=");
    const [name, image] = [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    if (at > 0 && names.includes(name) && /^[^\s=]+$/.test(image)) images[name] = image;
    else {
      const known = names.join(", ");
      context.addIssue({
        code: "custom",
        message: `must be runtime=image pairs separated by commas, of ${known}; '${part}' is none`,
      });
    }
  }
  return images;
}

/** Names of networks, separated by commas. */
export function parseNetworks(text: string, context: z.RefinementCtx): string[] {
  const names = text.split(",").map((name) => name.trim()).filter(Boolean);
  for (const name of names.filter((name) => !NETWORK_NAME.test(name))) {
    context.addIssue({
      code: "custom",
      message: `must be host, bridge, none or names of networks, separated by commas; '${name}' is none`,
    });
  }
  return names;
}

/** The first and the last of a range of user ids. */
export function parseUidRange(text: string, context: z.RefinementCtx): UidRange {
  const [, first, last] = /^(\d{1,10})-(\d{1,10})$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  const isGood = range.first >= MIN_BOT_UID && range.last <= MAX_BOT_UID &&
    range.last - range.first + 1 >= MIN_BOT_UIDS;
  if (isGood) return range;
  context.addIssue({
    code: "custom",
    message: `must be two user ids from ${MIN_BOT_UID} to ${MAX_BOT_UID}, ${MIN_BOT_UIDS} or more apart, ` +
      `such as ${DEFAULT_BOT_UIDS.first}-${DEFAULT_BOT_UIDS.last}`,
  });
  return z.NEVER;
}

/** Names of capabilities, separated by commas, in capitals and without `CAP_`. */
export function parseCapabilities(text: string, context: z.RefinementCtx): string[] {
  const names = text.split(",").map((name) => name.trim().toUpperCase().replace(/^CAP_/, "")).filter(Boolean);
  for (const name of names.filter((name) => !CAPABILITY.test(name))) {
    context.addIssue({
      code: "custom",
      message: `must be names of capabilities separated by commas; '${name}' is none`,
    });
  }
  return names;
}
