/**
 * Requests and responses of the operations on tokens and sessions.
 *
 * @module
 */

import { z } from "zod";
import { type OperationContract, time } from "./common.ts";

const role = z.enum(["read", "operate"]).meta({ description: "What the holder may do" });

/** Name of a token. */
const tokenName = z.string().regex(
  /^[a-zA-Z0-9][a-zA-Z0-9_. -]{0,63}$/,
  "must be 1 to 64 letters, digits, spaces or any of _ . - and begin with a letter or digit",
).meta({ description: "Name for people", example: "grafana" });

/** Id of a token. */
const tokenId = z.string().regex(/^[a-z0-9]{12}$/, "must be 12 lower-case letters and digits").meta({
  example: "abcdefghijkl",
});

/** A token, without its value. */
export const token = z.object({
  id: tokenId,
  name: tokenName,
  role,
  createdBy: z.string().meta({ description: "Who made it" }),
  createdAt: time,
  expiresAt: time.optional().meta({ description: "When it ends; absent for never" }),
  isExpired: z.boolean(),
}).meta({ id: "Token" });

/** A token, without its value. */
export type Token = z.infer<typeof token>;

/** Longest time until a token ends. */
const MAX_DAYS = 3650;

/** The operations on tokens and sessions. */
export const TOKENS_CONTRACT = {
  listTokens: {
    summary: "List the tokens, without their values",
    responses: { 200: z.object({ tokens: z.array(token) }).meta({ id: "TokenList" }) },
  },
  createToken: {
    summary: "Create a token",
    description: "The answer holds its value, which nobody can see again.",
    body: z.strictObject({
      name: tokenName,
      role,
      expiresInSeconds: z.int().min(1).max(MAX_DAYS * 86_400).optional().meta({
        description: "When it ends, from now; absent for never",
      }),
    }).meta({ id: "NewToken" }),
    responses: {
      201: z.object({
        token,
        value: z.string().meta({ description: "The value, for `Authorization: Bearer VALUE`" }),
      }).meta({ id: "CreatedToken" }),
    },
    problems: [409],
  },
  revokeToken: {
    summary: "Revoke a token, and end the sessions that come from it",
    params: z.strictObject({ id: tokenId }),
    responses: { 204: "none" },
    problems: [404],
  },
  createLoginCode: {
    summary: "Create a code that logs a browser in, once, within two minutes",
    responses: {
      201: z.object({
        path: z.string().meta({ description: "Path to open in the browser" }),
        url: z.string().optional().meta({
          description: "The whole address, if the service knows its own; absent if it does not listen on TCP",
        }),
        expiresAt: time,
      }).meta({ id: "LoginCode" }),
    },
  },
  login: {
    summary: "Log a browser in with a code",
    query: z.strictObject({
      code: z.string().min(1).max(200).meta({ description: "The code of createLoginCode" }),
    }),
    responses: { 303: "none" },
  },
  logout: {
    summary: "End the session that the request carries",
    description: "A browser is sent to the start page.",
    responses: { 204: "none", 303: "none" },
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
