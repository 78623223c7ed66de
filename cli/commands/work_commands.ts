/**
 * Commands to work on Berth itself.
 *
 * @module
 */

import type { CommandGroup } from "./command.ts";

/** Commands to work on Berth itself. */
export const WORK_COMMANDS: CommandGroup = {
  title: "Work on Berth",
  commands: {
    test: {
      usage: "[FILE...]",
      summary: "run the tests against real servers; --fast for a sample",
    },
    ok: {
      summary: "run the gate for a commit: format, lint, types, unit tests",
    },
    bench: {
      summary: "measure Berth against the raw engine",
    },
    lab: {
      usage: "COMMAND",
      summary: "make a cluster on this machine, and try faults on it",
    },
  },
};
