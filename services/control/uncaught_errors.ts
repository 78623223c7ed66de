/**
 * Last resort for errors that nobody handled.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";

/**
 * Logs unhandled errors and keeps them from ending the process: without a service, nobody restarts the bots.
 * Every such error is a defect, since errors are handled where they arise.
 *
 * @param log Receives the errors with their stacks.
 * @returns Dispose it to let such errors end the process again.
 */
export function logUncaughtErrors(log: Logger): Disposable {
  const onUncaught = (event: ErrorEvent | PromiseRejectionEvent) => {
    event.preventDefault();
    const error: unknown = "reason" in event ? event.reason : event.error;
    log.error("unexpected error, a defect of Berth; the service goes on: {stack}", {
      stack: error instanceof Error ? error.stack ?? error.message : String(error),
    });
  };
  globalThis.addEventListener("error", onUncaught);
  globalThis.addEventListener("unhandledrejection", onUncaught);
  return {
    [Symbol.dispose]() {
      globalThis.removeEventListener("error", onUncaught);
      globalThis.removeEventListener("unhandledrejection", onUncaught);
    },
  };
}
