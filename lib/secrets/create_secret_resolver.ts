/**
 * Creates a resolver from a configuration.
 *
 * @module
 */

import type { Secret } from "../util/secret.ts";
import { AgeFile } from "./age_file.ts";
import { AgeSecrets } from "./age_secrets.ts";
import { EnvSecrets } from "./env_secrets.ts";
import { FileSecrets } from "./file_secrets.ts";
import { SecretResolver } from "./secret_resolver.ts";
import { type VaultConfig, VaultSecrets } from "./vault_secrets.ts";

/** Where secrets are kept, and how bots get them. */
export interface SecretsConfig {
  /** Absolute path of the folder that `file:` references are below. */
  readonly dir: string;
  /** The variables that `env:` references may name; `undefined` for one that is not set. */
  readonly env: Readonly<Record<string, Secret | undefined>>;
  /** How to reach Vault. @default {there is none} */
  readonly vault?: VaultConfig;
  /** Absolute path of the folder in memory. @default {the first usable one of the system's} */
  readonly runDir?: string;
  /** Folder in memory of the user's session. @default {none is known} */
  readonly sessionDir?: string;
}

/**
 * Creates a resolver.
 *
 * @param config See {@linkcode SecretsConfig}.
 * @param dataDir Absolute path of Berth's folder, which the encrypted file is in.
 */
export function createSecretResolver(config: SecretsConfig, dataDir: string): SecretResolver {
  return new SecretResolver({
    file: new FileSecrets(config.dir),
    env: new EnvSecrets(config.env),
    age: new AgeSecrets(new AgeFile({ dataDir })),
    vault: new VaultSecrets(config.vault),
  });
}
