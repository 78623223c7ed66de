/**
 * Resolves references to the values of secrets.
 *
 * @module
 */

import { SecretUnavailableError } from "../errors.ts";
import { type ResolveOptions, SecretProblem, type SecretProvider } from "./secret_provider.ts";
import { parseSecretReference, type SecretProviderName, type SecretReference } from "./secret_reference.ts";

/** References by the name of the secret. */
export type SecretReferences = Readonly<Record<string, string>>;

/** Resolves the secrets of a bot. */
export class SecretResolver implements Disposable {
  readonly #providers: Readonly<Record<SecretProviderName, SecretProvider>>;

  /** @param providers The places that keep values. */
  constructor(providers: Readonly<Record<SecretProviderName, SecretProvider>>) {
    this.#providers = providers;
  }

  /**
   * Reads the values now.
   *
   * @param references The references.
   * @param options See {@linkcode ResolveOptions}.
   * @returns Values by name; none is empty.
   * @throws {SecretUnavailableError} If one of them has no usable value; names secret and reference.
   */
  async resolve(references: SecretReferences, options: ResolveOptions = {}): Promise<Map<string, string>> {
    const names = Object.keys(references).sort();
    const values = await Promise.all(names.map(async (name) => {
      const read = (provider: SecretProvider, reference: SecretReference) =>
        provider.resolve(reference, options);
      return await this.#ask(name, references[name]!, read);
    }));
    return new Map(names.map((name, index) => [name, values[index]!]));
  }

  /**
   * Returns values that may be some minutes old, without waiting for another machine.
   *
   * @param references The references.
   * @returns Values by name; `undefined` if one of them is not known, or has no usable value now.
   */
  async peek(references: SecretReferences): Promise<Map<string, string> | undefined> {
    const values = new Map<string, string>();
    for (const name of Object.keys(references).sort()) {
      const read = (provider: SecretProvider, reference: SecretReference) => provider.peek(reference);
      const value = await this.#ask(name, references[name]!, read).catch((error) => {
        if (!(error instanceof SecretUnavailableError)) throw error;
      });
      if (value === undefined) return undefined;
      values.set(name, value);
    }
    return values;
  }

  /** Ends requests under way. */
  [Symbol.dispose](): void {
    for (const provider of Object.values(this.#providers)) provider[Symbol.dispose]?.();
  }

  async #ask<T>(
    name: string,
    text: string,
    read: (provider: SecretProvider, reference: SecretReference) => Promise<T>,
  ): Promise<T> {
    const parsed = parseSecretReference(text);
    if ("problem" in parsed) throw new SecretUnavailableError(name, "(no reference)", parsed.problem);
    const { reference } = parsed;
    try {
      return await read(this.#providers[reference.provider], reference);
    } catch (error) {
      if (!(error instanceof SecretProblem)) throw error;
      throw new SecretUnavailableError(name, reference.text, error.message);
    }
  }
}
