/**
 * Exit codes of programs that a signal has ended: 128 and its number.
 *
 * @module
 */

import { constants } from "node:os";

/** Exit code of a program that SIGKILL ended. */
export const KILLED: number = 128 + constants.signals.SIGKILL;

/** Exit code of a program that SIGTERM ended, or that ended well after it: Berth's wrappers turn that into this code. */
export const TERMINATED: number = 128 + constants.signals.SIGTERM;
