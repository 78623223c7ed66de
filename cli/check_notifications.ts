/**
 * The check of `berth doctor` for the file of notification channels.
 *
 * @module
 */

import type { ServiceConfig } from "../services/config.ts";
import { notificationReach } from "../services/notification_reach.ts";
import type { Finding } from "./finding.ts";

/**
 * Checks the channels of notifications. Sends nothing.
 *
 * @param config The configuration.
 */
export async function checkNotifications(config: ServiceConfig): Promise<Finding[]> {
  const subject = "Notifications";
  const { channels, problems } = await notificationReach(config);
  const findings = problems.map((problem): Finding => ({
    subject,
    state: "problem",
    detail: problem,
    advice: "mend the file; docs/notifications.md describes it",
  }));
  if (channels > 0) {
    const detail = channels === 1 ? "1 channel" : `${channels} channels`;
    return [...findings, { subject, state: "ok", detail: `${detail} in ${config.channelsFile}` }];
  }
  if (findings.length > 0) return findings;
  return [{ subject, state: "ok", detail: "no channel: a crash notifies nobody (docs/notifications.md)" }];
}
