/**
 * What the watchdog knows of a run.
 *
 * @module
 */

/** Something is wrong with a bot that runs. */
export interface Trouble {
  /** `silent`: it gives no signal. `unhealthy`: its command fails. */
  readonly type: "silent" | "unhealthy";
  /** What exactly, for example `silent for 312 s; last line: …`. */
  readonly message: string;
  /** Whether it is to be restarted for it. */
  readonly isToRestart: boolean;
}

/** The health of one container of a bot. */
export interface RunHealth {
  /** The engine's id of the container. */
  readonly containerId: string;
  /** Whether the bot has said that it is ready. */
  readonly isReady: boolean;
  /** What the bot says of itself, in a line; absent if it says nothing. */
  readonly statusText?: string;
  /** What is wrong; absent if nothing is. */
  readonly trouble?: Trouble;
}
