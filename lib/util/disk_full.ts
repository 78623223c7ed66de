/**
 * Tells a full disk from other failures.
 *
 * @module
 */

/**
 * Whether an error, or what caused it, is a full disk or quota.
 *
 * @param error Any thrown value.
 */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (code === "ENOSPC" || code === "EDQUOT" || /os error (28|122)\b/.test(error.message)) return true;
  return isDiskFull(error.cause);
}
