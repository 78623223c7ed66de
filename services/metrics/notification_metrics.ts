/**
 * Metrics of notifications.
 *
 * @module
 */

import type { MetricFamilies } from "./metric_families.ts";

/** Takes the measurements of notifications. */
export class NotificationMetrics {
  readonly #families: MetricFamilies;
  readonly #sent;
  readonly #failures;

  /** @param families Where its metrics are made. */
  constructor(families: MetricFamilies) {
    this.#families = families;
    this.#sent = families.counter(
      "berth_notifications_sent_total",
      "Notifications that a channel has accepted.",
      ["channel"],
    );
    this.#failures = families.counter(
      "berth_notification_failures_total",
      "Attempts to send a notification that failed: `retried` ones are made again, `given_up` ones are not.",
      ["channel", "outcome"],
    );
  }

  /** Counts a notification that a channel has accepted. @param channel Name of the channel. */
  sent(channel: string): void {
    this.#sent.inc({ channel });
  }

  /**
   * Counts an attempt that failed.
   *
   * @param channel Name of the channel.
   * @param outcome Whether the attempt is made again.
   */
  failed(channel: string, outcome: "retried" | "given_up"): void {
    this.#failures.inc({ channel, outcome });
  }

  /**
   * Shows how many notifications wait in the outbox.
   *
   * @param pending Gives the number at any time; must not throw.
   */
  watchPending(pending: () => number): void {
    const gauge = this.#families.gauge(
      "berth_notifications_pending",
      "Notifications that wait in the outbox.",
    );
    this.#families.onPage(() => gauge.set(pending()));
  }
}
