/**
 * The watchdog's view of a run.
 *
 * @module
 */

/** Something is wrong with a bot that runs. */
export interface Trouble {
  /** `silent`: it gives no signal. `unhealthy`: its command fails. */
  readonly type: "silent" | "unhealthy";
  /** The details, for example `silent for 312 s; last line: …`. */
  readonly message: string;
  /** Whether the bot is to be restarted because of it. */
  readonly isToRestart: boolean;
}

/** The health of one container of a bot. */
export interface RunHealth {
  /** The engine's id of the container. */
  readonly containerId: string;
  /** Whether the bot has said that it is ready. */
  readonly isReady: boolean;
  /** The bot's own status text, in one line; absent if it has none. */
  readonly statusText?: string;
  /** The problem; absent if there is none. */
  readonly trouble?: Trouble;
}
