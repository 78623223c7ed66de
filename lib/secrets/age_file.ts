/**
 * The encrypted file of secrets: names and values, encrypted with age.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import { ensureDataDir } from "../util/data_dir.ts";
import { onDisk, unlessMissing } from "../util/files.ts";
import { fileVersion } from "../util/file_version.ts";
import { KeyedMutex } from "../util/keyed_mutex.ts";
import { SecretProblem } from "./secret_provider.ts";

/** Where the file and its key are. */
export interface AgeFileOptions {
  /** Absolute path of Berth's folder, which both are in. */
  readonly dataDir: string;
}

/** Names of the files in `DATA_DIR`. */
export const AGE_FILES = { secrets: "secrets.age", identity: "secrets.identity" } as const;

const OTHERS = 0o077;
const ARMOR = "-----BEGIN AGE";
/** Size of the largest encrypted file, in bytes. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Reads and writes the encrypted file. Any age program can do the same: the content is YAML, and the identity file has
 * age's own form.
 */
export class AgeFile {
  readonly #dataDir: string;
  readonly #file: string;
  readonly #identity: string;
  readonly #writes = new KeyedMutex();
  #read: { readonly signature: string; readonly entries: Promise<ReadonlyMap<string, string>> } | undefined;

  /** @param options See {@linkcode AgeFileOptions}. */
  constructor({ dataDir }: AgeFileOptions) {
    this.#dataDir = dataDir;
    this.#file = `${dataDir}/${AGE_FILES.secrets}`;
    this.#identity = `${dataDir}/${AGE_FILES.identity}`;
  }

  /**
   * Reads all entries. Decrypts only a file that has changed.
   *
   * @returns Values by name; empty if there is no file.
   * @throws {SecretProblem} If the file cannot be decrypted or is not a list of names and values.
   */
  async entries(): Promise<ReadonlyMap<string, string>> {
    const [file, identity] = await Promise.all(
      [this.#file, this.#identity].map((path) => unlessMissing(Deno.stat(path))),
    );
    if (file === undefined) return new Map();
    const signature = `${fileVersion(file)} ${fileVersion(identity)}`;
    if (this.#read?.signature !== signature) {
      const entries = this.#decrypt();
      this.#read = { signature, entries };
      entries.catch(() => this.#read = undefined);
    }
    return await this.#read.entries;
  }

  /**
   * Sets a value. Makes file and key if there are none.
   *
   * @param name Name of the entry.
   * @param value Its value.
   * @returns Whether there was none of this name.
   */
  set(name: string, value: string): Promise<boolean> {
    return this.#writes.run("", async () => {
      const entries = new Map(await this.entries());
      const isNew = !entries.has(name);
      await this.#write(entries.set(name, value));
      return isNew;
    });
  }

  /**
   * Removes a value.
   *
   * @param name Name of the entry.
   * @returns Whether there was one.
   */
  remove(name: string): Promise<boolean> {
    return this.#writes.run("", async () => {
      const entries = new Map(await this.entries());
      if (!entries.delete(name)) return false;
      await this.#write(entries);
      return true;
    });
  }

  async #decrypt(): Promise<ReadonlyMap<string, string>> {
    const { size } = await Deno.stat(this.#file);
    if (size > MAX_BYTES) throw new SecretProblem(`'${this.#file}' has more than 16 MiB`);
    const bytes = await Deno.readFile(this.#file);
    const start = new TextDecoder().decode(bytes.subarray(0, ARMOR.length));
    const { armor, Decrypter } = await age();
    const decrypter = new Decrypter();
    for (const identity of await this.#identities()) decrypter.addIdentity(identity);
    let text: string;
    try {
      const plain = start === ARMOR ? armor.decode(new TextDecoder().decode(bytes)) : bytes;
      text = await decrypter.decrypt(plain, "text");
    } catch (error) {
      throw new SecretProblem(
        `'${this.#file}' cannot be decrypted with the key in '${this.#identity}': ${messageOf(error)}`,
      );
    }
    return await toEntries(text, this.#file);
  }

  async #identities(): Promise<string[]> {
    const info = await unlessMissing(Deno.stat(this.#identity));
    if (!info) throw new SecretProblem(`there is no key '${this.#identity}' for '${this.#file}'`);
    if (!info.isFile) throw new SecretProblem(`'${this.#identity}' is not a regular file`);
    if (info.mode !== null && info.mode & OTHERS) {
      throw new SecretProblem(`'${this.#identity}' is open to other users; run chmod 600 on it`);
    }
    const lines = (await Deno.readTextFile(this.#identity)).split("\n").map((line) => line.trim());
    const identities = lines.filter((line) => line !== "" && !line.startsWith("#"));
    if (identities.length === 0 || !identities.every((line) => line.startsWith("AGE-SECRET-KEY-"))) {
      throw new SecretProblem(`'${this.#identity}' is not an identity file of age (AGE-SECRET-KEY-1…)`);
    }
    return identities;
  }

  async #write(entries: ReadonlyMap<string, string>): Promise<void> {
    await ensureDataDir(this.#dataDir);
    if (!await unlessMissing(Deno.stat(this.#identity))) await this.#makeIdentity();
    const [identity] = await this.#identities();
    const { Encrypter, identityToRecipient } = await age();
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(identity!));
    const sorted = Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
    const bytes = await encrypter.encrypt(JSON.stringify(sorted, null, 2));
    await replaceFile(this.#file, bytes);
    this.#read = undefined;
  }

  async #makeIdentity(): Promise<void> {
    const { generateIdentity, identityToRecipient } = await age();
    const identity = await generateIdentity();
    const text = `# public key: ${await identityToRecipient(identity)}\n${identity}\n`;
    await replaceFile(this.#identity, new TextEncoder().encode(text));
  }
}

/** Loaded on demand: most services need no cryptography of its own. */
function age(): Promise<typeof import("age-encryption")> {
  return import("age-encryption");
}

/** Values are strings; the parser's own message would show some of them. */
async function toEntries(text: string, file: string): Promise<ReadonlyMap<string, string>> {
  const { parse } = await import("yaml");
  let value: unknown;
  try {
    value = parse(text, { schema: "failsafe" });
  } catch {
    value = undefined;
  }
  const entries = Object.entries(typeof value === "object" && value !== null ? value : { "": 0 });
  if (Array.isArray(value) || !entries.every(([, entry]) => typeof entry === "string")) {
    throw new SecretProblem(`'${file}' must hold names and values as YAML, such as 'binance.key: abc'`);
  }
  return new Map(entries);
}

/** A process that is killed leaves the old file or the new one. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  await onDisk(`write '${path}'`, async () => {
    const part = `${path}.part`;
    await unlessMissing(Deno.remove(part));
    using file = await Deno.open(part, { write: true, createNew: true, mode: 0o600 });
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
    await file.sync();
    await Deno.rename(part, path);
  });
}
