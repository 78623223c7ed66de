/**
 * The parts that all services of one process share.
 *
 * @module
 */

import type { Runner } from "../lib/runner/runner.ts";
import type { CalendarBook } from "./calendars/calendar_book.ts";
import type { ComposedEvents } from "./compose_events.ts";
import type { ComposedNotifications } from "./compose_notifications.ts";
import type { ServiceName } from "./config.ts";
import type { AccountBook } from "./leases/account_book.ts";
import type { ServiceMetrics } from "./metrics/service_metrics.ts";
import type { OrphanRemover } from "./orphan_removers.ts";
import type { Stores } from "./stores.ts";

/** Parts that the bot service and the schedule service share. */
export interface SharedParts {
  /** The database. */
  readonly stores: Stores;
  /** The containers. */
  readonly runner: Runner;
  /** Changes of documents. */
  readonly events: ComposedEvents;
  /** The trading calendars. */
  readonly calendars: CalendarBook;
  /** Takes the measurements. */
  readonly metrics: ServiceMetrics;
  /** Notifies people of incidents. */
  readonly notifications: ComposedNotifications;
  /** Gives each account to one bot or run at a time. */
  readonly accounts: AccountBook;
  /** Remove what earlier processes have left, for each service. */
  readonly removeOrphans: Readonly<Record<ServiceName, OrphanRemover>>;
  /** Whether the database was created just now. */
  readonly isNewStore: () => boolean;
  /** Why a service does not serve at present; `undefined` while it does. */
  readonly whyIdle: (service: ServiceName) => string | undefined;
}
