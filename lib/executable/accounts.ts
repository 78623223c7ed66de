/**
 * Names of accounts at exchanges, which one bot at a time holds.
 *
 * @module
 */

/** Largest number of accounts of a bot. */
export const MAX_ACCOUNTS = 20;

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9:_./@-]{0,99}$/;

/** Whether a value is the name of an account, such as `binance:main`. @param value The value. */
export function isAccountName(value: unknown): value is string {
  return typeof value === "string" && NAME.test(value);
}

/**
 * Returns the variables that tell a program about its accounts.
 *
 * @param epochs The epoch of each account, in the order of the document: how often it was taken.
 * @returns `ACCOUNT_EPOCH`, that of the first account, and `ACCOUNT_EPOCHS`, all of them as JSON; nothing without accounts.
 */
export function accountEnvironment(epochs: Readonly<Record<string, number>> = {}): Record<string, string> {
  const [first] = Object.values(epochs);
  if (first === undefined) return {};
  return { ACCOUNT_EPOCH: String(first), ACCOUNT_EPOCHS: JSON.stringify(epochs) };
}
