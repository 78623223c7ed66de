/**
 * Reads a page of metrics in Prometheus' text format.
 *
 * @module
 */

/**
 * Gives the samples of a page.
 *
 * @param page The page.
 * @returns Values by name with labels, for example `berth_bot_up{bot="a"}`.
 */
export function samplesOf(page: string): Map<string, number> {
  return new Map(
    page.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1).replace("Inf", "Infinity"))];
    }),
  );
}
