/**
 * Secrets in files of a folder: `file:PATH`.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import { unlessMissing } from "../util/files.ts";
import { MAX_SECRET_BYTES, SecretProblem, type SecretProvider, toSecretText } from "./secret_provider.ts";
import type { SecretReference } from "./secret_reference.ts";

/** Rights of users that are neither the owner nor in the group. */
const OTHERS = 0o007;
/** A file that has changed this recently may still be written, in ms. */
const SETTLING_MS = 2_000;

/** Reads secrets from files. */
export class FileSecrets implements SecretProvider {
  readonly #dir: string;
  readonly #known = new Map<string, { readonly version: string; readonly value: string }>();

  /** @param dir Absolute path of the folder (`SECRETS_DIR`). */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** {@inheritDoc SecretProvider.resolve} */
  async resolve(reference: SecretReference): Promise<string> {
    return (await this.#read(reference)).value;
  }

  /** {@inheritDoc SecretProvider.peek} */
  async peek(reference: SecretReference): Promise<string | undefined> {
    const { path } = reference;
    const version = versionOf(await Deno.stat(`${this.#dir}/${path}`).catch(() => undefined));
    const known = this.#known.get(path);
    // Many bots are looked at again and again.
    if (known && known.version === version) return known.value;
    const { value, changedAt } = await this.#read(reference);
    const ageMs = Date.now() - changedAt;
    if (ageMs >= 0 && ageMs < SETTLING_MS) return undefined;
    if (version !== undefined) this.#known.set(path, { version, value });
    return value;
  }

  async #read({ path }: SecretReference): Promise<{ value: string; changedAt: number }> {
    const name = `${this.#dir}/${path}`;
    const file = await this.#find(name);
    const what = `'${name}'`;
    try {
      const { isDirectory, isFile, mode, mtime } = await Deno.stat(file);
      if (isDirectory) throw new SecretProblem(`${what} is a folder; name a file in it`);
      // Opening a FIFO would wait for its writer.
      if (!isFile) throw new SecretProblem(`${what} is not a regular file`);
      if (mode !== null && mode & OTHERS) {
        const shown = (mode & 0o777).toString(8).padStart(4, "0");
        throw new SecretProblem(
          `${what} is open to every user of this machine (mode ${shown}); run chmod 600 on it`,
        );
      }
      return { value: toSecretText(await readFirst(file), what), changedAt: mtime?.getTime() ?? 0 };
    } catch (error) {
      if (error instanceof SecretProblem) throw error;
      throw new SecretProblem(`${what} cannot be read: ${messageOf(error)}`);
    }
  }

  /** Follows links, as mounted secrets have them, but only inside the folder. */
  async #find(name: string): Promise<string> {
    const missing = () => new SecretProblem(`there is no file '${name}'`);
    try {
      const root = await unlessMissing(Deno.realPath(this.#dir));
      const file = await unlessMissing(Deno.realPath(name));
      if (root === undefined || file === undefined) throw missing();
      if (!file.startsWith(`${root}/`)) {
        throw new SecretProblem(`'${name}' is a link that leads out of SECRETS_DIR`);
      }
      return file;
    } catch (error) {
      if (error instanceof SecretProblem) throw error;
      if (error instanceof Deno.errors.NotCapable) {
        throw new SecretProblem(`'${name}' is a link that leads out of SECRETS_DIR`);
      }
      throw new SecretProblem(`'${name}' cannot be read: ${messageOf(error)}`);
    }
  }
}

/** Changes whenever the file does, or the file that a link leads to. */
function versionOf(info: Deno.FileInfo | undefined): string | undefined {
  return info &&
    [info.dev, info.ino, info.mode, info.size, info.mtime?.getTime(), info.ctime?.getTime()].join(":");
}

/** Reads as much as tells that a file is too large: it may grow meanwhile. */
async function readFirst(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(MAX_SECRET_BYTES + 1);
  let length = 0;
  while (length < bytes.length) {
    const count = await file.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return bytes.subarray(0, length);
}
