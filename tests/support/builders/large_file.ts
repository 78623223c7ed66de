/**
 * A file that makes code too large to be copied for each container: Berth mounts it as an overlay.
 *
 * @module
 */

import { randomBytes } from "node:crypto";

/** Add it to the files of an archive. It does not shrink. */
export const LARGE_FILE: Readonly<Record<string, Uint8Array>> = { "large.bin": randomBytes(300_000) };
