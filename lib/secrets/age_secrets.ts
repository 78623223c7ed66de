/**
 * Secrets of the encrypted file: `age:NAME`.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import type { AgeFile } from "./age_file.ts";
import { SecretProblem, type SecretProvider, toSecretText } from "./secret_provider.ts";
import type { SecretReference } from "./secret_reference.ts";

/** Reads secrets from the encrypted file. */
export class AgeSecrets implements SecretProvider {
  readonly #file: Pick<AgeFile, "entries">;

  /** @param file The file. */
  constructor(file: Pick<AgeFile, "entries">) {
    this.#file = file;
  }

  /** {@inheritDoc SecretProvider.resolve} */
  async resolve({ path: name }: SecretReference): Promise<string> {
    let value: string | undefined;
    try {
      value = (await this.#file.entries()).get(name);
    } catch (error) {
      if (error instanceof SecretProblem) throw error;
      throw new SecretProblem(`the encrypted file cannot be read: ${messageOf(error)}`);
    }
    if (value === undefined) {
      throw new SecretProblem(`the encrypted file has no '${name}'; add it with 'berth secret set ${name}'`);
    }
    return toSecretText(new TextEncoder().encode(value), `'${name}' in the encrypted file`);
  }

  /** {@inheritDoc SecretProvider.peek} */
  peek(reference: SecretReference): Promise<string> {
    return this.resolve(reference);
  }
}
