/**
 * Secrets in HashiCorp Vault or OpenBao, version 2 of the key-value engine: `vault:PATH#FIELD`.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import type { Secret } from "../util/secret.ts";
import { type ResolveOptions, SecretProblem, type SecretProvider, toSecretText } from "./secret_provider.ts";
import type { SecretReference } from "./secret_reference.ts";

/** How to reach Vault. */
export interface VaultConfig {
  /** Its address, for example `https://vault.example.com:8200`. */
  readonly address: string;
  /** Absolute path of the file that holds the token; read at each request, because agents renew it. */
  readonly tokenFile?: string;
  /** The token, if no file holds it. */
  readonly token?: Secret;
}

type Fields = Readonly<Record<string, unknown>>;

interface KnownEntry {
  readonly fields: Promise<Fields>;
  /** By the monotonic clock, in ms. */
  readonly at: number;
}

/** Longest wait for an answer, in ms. */
const TIMEOUT_MS = 10_000;
/** Starts within this time share an answer, in ms: many bots that start at once read one entry. */
const SHARED_MS = 5_000;
/** How often an entry is read again while bots that use it run, in ms. */
const REFRESH_MS = 5 * 60_000;
/** Size of the largest answer, in bytes. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Reads secrets from Vault: one GET for each entry, whatever the number of its fields and bots. */
export class VaultSecrets implements SecretProvider, Disposable {
  readonly #config: VaultConfig | undefined;
  readonly #now: () => number;
  readonly #reading = new Map<string, KnownEntry>();
  readonly #latest = new Map<string, Fields>();
  readonly #closing = new AbortController();

  /** @param config See {@linkcode VaultConfig}; absent if there is none. @param now Milliseconds on a monotonic clock. */
  constructor(config: VaultConfig | undefined, now: () => number = () => performance.now()) {
    this.#config = config;
    this.#now = now;
  }

  /** {@inheritDoc SecretProvider.resolve} */
  async resolve(reference: SecretReference, { signal }: ResolveOptions = {}): Promise<string> {
    const reading = this.#read(reference.path, SHARED_MS);
    if (!signal) return fieldOf(await reading, reference);
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      // Others may wait for the same answer, so that a caller who gives up does not end the request.
      return fieldOf(await Promise.race([reading, promise]), reference);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** {@inheritDoc SecretProvider.peek} */
  peek(reference: SecretReference): Promise<string | undefined> {
    this.#read(reference.path, REFRESH_MS).catch(() => {
      // Running bots keep their value; the next start reports the problem.
    });
    const fields = this.#latest.get(reference.path);
    return Promise.try(() => fields && fieldOf(fields, reference));
  }

  /** Ends the requests under way. */
  [Symbol.dispose](): void {
    this.#closing.abort(new DOMException("The runner was closed", "AbortError"));
  }

  #read(path: string, maxAgeMs: number): Promise<Fields> {
    const known = this.#reading.get(path);
    if (known && this.#now() - known.at < maxAgeMs) return known.fields;
    const fields = this.#get(path);
    this.#reading.set(path, { fields, at: this.#now() });
    fields.then((value) => this.#latest.set(path, value), () => {});
    return fields;
  }

  async #get(path: string): Promise<Fields> {
    const config = this.#config;
    if (!config) throw new SecretProblem("VAULT_ADDR is not set, so no Vault is known");
    const token = await tokenOf(config);
    const url = `${config.address}/v1/${path.split("/").map(encodeURIComponent).join("/")}`;
    const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.#closing.signal]);
    let status: number;
    let text: string;
    try {
      // A redirect would carry the token to another host.
      const headers = { "X-Vault-Token": token, "X-Vault-Request": "true" };
      const response = await fetch(url, { headers, redirect: "manual", signal });
      status = response.status;
      text = await readText(response);
    } catch (error) {
      if (error instanceof SecretProblem) throw error;
      const isLate = error instanceof DOMException && error.name === "TimeoutError";
      const why = isLate ? `no answer within ${TIMEOUT_MS / 1000} s` : messageOf(error);
      throw new SecretProblem(`Vault at ${config.address} cannot be asked: ${why}`);
    }
    if (status !== 200) throw new SecretProblem(`Vault at ${config.address} ${describeStatus(status, path)}`);
    return fieldsOf(text, path);
  }
}

async function tokenOf({ tokenFile, token }: VaultConfig): Promise<string> {
  if (tokenFile === undefined) {
    if (!token) throw new SecretProblem("neither VAULT_TOKEN_FILE nor VAULT_TOKEN is set");
    return token.reveal();
  }
  const text = await Deno.readTextFile(tokenFile).catch((error) => {
    throw new SecretProblem(`the token of Vault in '${tokenFile}' cannot be read: ${messageOf(error)}`);
  });
  const value = text.trim();
  if (!/^[\x21-\x7e]{1,4096}$/.test(value)) throw new SecretProblem(`'${tokenFile}' does not hold one token`);
  return value;
}

async function readText(response: Response): Promise<string> {
  let text = "";
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += part;
    if (text.length > MAX_BYTES) throw new SecretProblem("the answer of Vault has more than 4 MiB");
  }
  return text;
}

/** The body of a refusal is not shown: a proxy in between may repeat the request in it. */
function describeStatus(status: number, path: string): string {
  if (status === 403) {
    return `refuses to read '${path}': the token is not valid, or its policy does not allow it`;
  }
  if (status === 404) return `has no '${path}'; in version 2 of the engine a path has 'data' after the mount`;
  if (status === 503) return "is sealed";
  return `answers '${path}' with status ${status}`;
}

function fieldsOf(text: string, path: string): Fields {
  let answer: { readonly data?: { readonly data?: unknown } | null } | null = null;
  try {
    answer = JSON.parse(text);
  } catch {
    // Reported below, without the text.
  }
  const fields = answer?.data?.data;
  if (typeof fields === "object" && fields !== null && !Array.isArray(fields)) return fields as Fields;
  throw new SecretProblem(
    `the answer of Vault for '${path}' is not that of version 2 of the key-value engine, or the entry is deleted`,
  );
}

function fieldOf(fields: Fields, { path, field }: SecretReference): string {
  const value = Object.hasOwn(fields, field!) ? fields[field!] : undefined;
  if (value === undefined) throw new SecretProblem(`'${path}' in Vault has no field '${field}'`);
  if (typeof value !== "string") {
    throw new SecretProblem(`field '${field}' of '${path}' in Vault is not a string`);
  }
  return toSecretText(new TextEncoder().encode(value), `field '${field}' of '${path}' in Vault`);
}
