/**
 * Which names the secrets of a bot may have.
 *
 * @module
 */

/** Variables that Berth, the outside contract or the system sets in a container. */
const TAKEN: ReadonlySet<string> = new Set([
  ...["ID", "BOT_ID", "BACKTEST_ID", "CONFIG", "BOT_CONFIG", "BACKTEST_CONFIG", "CONFIG_FILE", "BOT_TYPE"],
  ...["ENTRYPOINT_TYPE", "CODE_MOUNT_DIR", "SCRIPT_PATH", "SLOT", "STATE_DIR"],
  ...["ACCOUNT_EPOCH", "ACCOUNT_EPOCHS", "LEASE_EPOCH"],
  ...["PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "NODE_PATH", "NODE_OPTIONS", "LD_PRELOAD", "LD_LIBRARY_PATH"],
  ...["HOME", "PATH", "HOSTNAME", "PWD", "TMPDIR", "USER"],
]);

/** Maximum number of secrets of a bot. */
export const MAX_SECRETS = 64;

/**
 * Returns what is wrong with the name of a secret. The name becomes that of a file and, with `_FILE`, of a variable.
 *
 * @param name The name.
 * @returns The rule that it breaks; `undefined` if it can be used.
 */
export function secretNameProblem(name: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) {
    return "must be 1 to 64 letters, digits or '_' and not begin with a digit";
  }
  const taken = [name, `${name}_FILE`].find((variable) => TAKEN.has(variable));
  return taken && `cannot be used: the variable ${taken} has a meaning of its own in a container`;
}
