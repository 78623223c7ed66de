/**
 * Resolves the address and the secrets of a channel.
 *
 * @module
 */

import { isAbsolute, resolve } from "node:path";
import type { SecretResolver } from "../../lib/secrets/secret_resolver.ts";
import { messageOf } from "../../lib/errors.ts";
import { toSecretText } from "../../lib/secrets/secret_provider.ts";
import { addressSecrets } from "./address_secrets.ts";
import type { Channel } from "./channel_schema.ts";
import type { ChannelValues } from "./http_request.ts";

/** Where references are resolved. */
export interface ValueSources {
  /** Resolves references. */
  readonly secrets: Pick<SecretResolver, "resolve">;
  /** Absolute path of the folder that a relative `url_file` is in. */
  readonly folder: string;
}

/** A channel by HTTP, with its secrets, or one by e-mail with its password. */
export interface ResolvedChannel {
  /** The values of its requests; absent for e-mail. */
  readonly values?: ChannelValues;
  /** The password of e-mail. */
  readonly password?: string;
  /** The strings that must not be shown. */
  readonly secrets: readonly string[];
}

/** A channel whose address or secret has no usable value. Its message shows no part of any. */
export class ChannelUnusableError extends Error {}

/**
 * Reads the address and the secrets of a channel now.
 *
 * @param channel The channel.
 * @param sources See {@linkcode ValueSources}.
 * @param signal Cancels the call.
 * @throws {ChannelUnusableError} If one of them has no usable value; names it.
 */
export async function resolveChannel(
  channel: Channel,
  { secrets, folder }: ValueSources,
  signal?: AbortSignal,
): Promise<ResolvedChannel> {
  const one = async (name: string, reference: string | undefined): Promise<string | undefined> => {
    if (reference === undefined) return undefined;
    try {
      return (await secrets.resolve({ [name]: reference }, { signal })).get(name);
    } catch (error) {
      signal?.throwIfAborted();
      throw new ChannelUnusableError(`${name}: ${messageOf(error)}`);
    }
  };
  if (channel.type === "email") {
    const password = await one("password", channel.password);
    return { ...(password !== undefined && { password }), secrets: password === undefined ? [] : [password] };
  }
  const isPlain = channel.url !== undefined && /^https?:/i.test(channel.url);
  const url = channel.url_file !== undefined
    ? await readUrlFile(channel.url_file, folder)
    : isPlain
    ? channel.url!
    : (await one("url", channel.url))!;
  if (!/^https?:/i.test(url) || !URL.canParse(url)) {
    throw new ChannelUnusableError("url: the value is not an address that begins with https:// or http://");
  }
  const secret = channel.type === "webhook" ? await one("secret", channel.secret) : undefined;
  if (secret !== undefined) requireWebhookKey(secret);
  const token = channel.type === "telegram" || channel.type === "ntfy"
    ? await one("token", channel.token)
    : undefined;
  return {
    values: {
      url,
      ...(secret !== undefined && { secret }),
      ...(token !== undefined && { token }),
      ...(channel.type === "telegram" && { chatId: channel.chat_id }),
      ...(channel.type === "telegram" && channel.thread_id !== undefined && { threadId: channel.thread_id }),
      ...(channel.type === "ntfy" && { topic: channel.topic }),
    },
    secrets: [...addressSecrets(url), secret ?? [], token ?? []].flat(),
  };
}

/**
 * Names the host of an address, for people: the rest of it may be a secret.
 *
 * @param channel The channel.
 * @returns For example `hooks.slack.com`; `undefined` if only a reference names it.
 */
export function shownHost(channel: Channel): string | undefined {
  if (channel.type === "email") return channel.host;
  return channel.url === undefined ? undefined : URL.parse(channel.url)?.host || undefined;
}

async function readUrlFile(path: string, folder: string): Promise<string> {
  const file = isAbsolute(path) ? path : resolve(folder, path);
  try {
    if (!(await Deno.stat(file)).isFile) throw new Error("it is not a regular file");
    return toSecretText(await Deno.readFile(file), `'${file}'`).trim();
  } catch (error) {
    throw new ChannelUnusableError(`url_file: '${file}' cannot be read: ${messageOf(error)}`);
  }
}

/** The library would decode anything. */
function requireWebhookKey(secret: string): void {
  try {
    if (atob(secret.replace(/^whsec_/, "")).length >= 16) return;
  } catch {
    // The same advice.
  }
  throw new ChannelUnusableError(
    "secret: must be whsec_ and the base64 of 24 to 64 random bytes, for example from: printf 'whsec_%s' \"$(openssl rand -base64 32)\"",
  );
}
