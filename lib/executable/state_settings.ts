/**
 * The settings of a bot's state folder.
 *
 * @module
 */

import { z } from "zod";

/** Settings of the files that a bot keeps in `/state`. */
export interface StateSettings {
  /** Size that they may have on the disk, in bytes. */
  readonly maxBytes: number;
  /** Number of snapshots to keep. */
  readonly keep: number;
  /** Time between two snapshots while the bot runs, in seconds. */
  readonly everySeconds: number;
  /** `false` keeps the state, and with it the bot, on one node of a cluster. @default {it follows the bot by snapshots} */
  readonly follow?: false;
}

/** The settings that `state: true` stands for. */
export const DEFAULT_STATE: StateSettings = {
  maxBytes: 1024 * 1024 * 1024,
  keep: 10,
  everySeconds: 24 * 60 * 60,
};

/** Schema of {@linkcode StateSettings}. */
export const stateSettingsSchema: z.ZodType<StateSettings> = z.object({
  maxBytes: z.int().min(1),
  keep: z.int().min(1),
  everySeconds: z.int().min(60),
  follow: z.literal(false).exactOptional(),
});
