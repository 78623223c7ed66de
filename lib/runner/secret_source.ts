/**
 * Gives each container the secrets of its bot.
 *
 * @module
 */

import type { Executable } from "../executable/executable.ts";
import type { StartContext, StartPart, StartSource } from "../executable/start_source.ts";
import { type ContainerSecrets, SECRETS_MOUNT } from "../secrets/container_secrets.ts";

/** Mounts the secrets, read-only. The container remover removes them with the workspace. */
export class SecretSource implements StartSource {
  readonly #secrets: Pick<ContainerSecrets, "give">;

  /** @param secrets The secrets of the containers. */
  constructor(secrets: Pick<ContainerSecrets, "give">) {
    this.#secrets = secrets;
  }

  /** {@inheritDoc StartSource.prepare} */
  async prepare({ secrets, secretsAsEnv }: Executable, context: StartContext): Promise<StartPart> {
    if (!secrets) return {};
    const { folder, env } = await this.#secrets.give(secrets, { ...context, asEnv: secretsAsEnv === true });
    return { binds: [{ source: folder, target: SECRETS_MOUNT, readOnly: true }], env };
  }
}
