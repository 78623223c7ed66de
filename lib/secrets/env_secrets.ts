/**
 * Secrets in environment variables of Berth: `env:NAME`.
 *
 * @module
 */

import type { Secret } from "../util/secret.ts";
import { SecretProblem, type SecretProvider, toSecretText } from "./secret_provider.ts";
import type { SecretReference } from "./secret_reference.ts";

/**
 * Gives out the variables that the operator has listed, and no others: documents come from other programs, and Berth's
 * environment also holds its own credentials.
 */
export class EnvSecrets implements SecretProvider {
  readonly #values: Readonly<Record<string, Secret | undefined>>;

  /** @param values The variables of `SECRET_ENV`; `undefined` for one that is listed and not set. */
  constructor(values: Readonly<Record<string, Secret | undefined>>) {
    this.#values = values;
  }

  /** {@inheritDoc SecretProvider.resolve} */
  resolve({ path }: SecretReference): Promise<string> {
    return Promise.try(() => this.#read(path));
  }

  /** {@inheritDoc SecretProvider.peek} */
  peek(reference: SecretReference): Promise<string> {
    return this.resolve(reference);
  }

  #read(name: string): string {
    if (!Object.hasOwn(this.#values, name)) {
      throw new SecretProblem(`SECRET_ENV does not list the variable ${name}, so no bot gets it`);
    }
    const value = this.#values[name]?.reveal();
    if (value === undefined) throw new SecretProblem(`the variable ${name} is not set for the service`);
    return toSecretText(new TextEncoder().encode(value), `the variable ${name}`);
  }
}
