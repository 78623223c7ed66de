/**
 * A rule on the sum of several bots.
 *
 * @module
 */

import type { GuardRule } from "../documents/guard_settings.ts";
import type { Labels } from "../documents/labels.ts";

/** A rule on the sum of several bots. */
export interface FleetRule extends GuardRule {
  /** Which bots: `name=value` of a label. */
  readonly bots: string;
}

/** Begins the names of latches of these guards; no guard of a bot has a colon in its name. */
export const FLEET = "fleet:";

/**
 * Tells whether a bot has the label that a rule names.
 *
 * @param selector `name=value`.
 * @param labels Labels of the bot.
 */
export function isSelected(selector: string, labels: Labels | undefined): boolean {
  const at = selector.indexOf("=");
  return labels !== undefined && Object.hasOwn(labels, selector.slice(0, at)) &&
    labels[selector.slice(0, at)] === selector.slice(at + 1);
}
