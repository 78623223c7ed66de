/**
 * Collects the log records of a test.
 *
 * @module
 */

import { configureSync, type LogRecord, resetSync } from "@logtape/logtape";

/**
 * Collects what Berth logs, until it is disposed.
 *
 * @returns The records so far.
 */
export function collectLogs(): { readonly records: readonly LogRecord[] } & Disposable {
  const records: LogRecord[] = [];
  configureSync({
    reset: true,
    sinks: { test: (record) => records.push(record) },
    loggers: [
      { category: "berth", sinks: ["test"] },
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
  return { records, [Symbol.dispose]: resetSync };
}
