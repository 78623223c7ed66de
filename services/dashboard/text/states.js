/**
 * The vocabulary of states: the same words as in the API, in `berth ps` and in notifications. Each state belongs to one
 * of five groups, which have a shape and a colour each.
 */

/** The groups, those that need a person first. */
export const GROUPS = ["failing", "silent", "waiting", "running", "disabled"];

const GROUP_OF = {
  "running": "running",
  "ready": "running",
  "completed": "waiting",
  "starting": "waiting",
  "stopping": "waiting",
  "paused": "waiting",
  "waiting": "waiting",
  "held": "waiting",
  "outside-session": "waiting",
  "unknown": "waiting",
  "silent": "silent",
  "backing-off": "failing",
  "invalid": "failing",
  "image-missing": "failing",
  "blocked": "failing",
  "failed": "failing",
  "unhealthy": "failing",
  "latched": "failing",
  "disabled": "disabled",
  // States of schedules, of their runs and of backtests.
  "scheduled": "running",
  "succeeded": "running",
  "claimed": "waiting",
  "queued": "waiting",
  "timed-out": "failing",
  "finished": "disabled",
  "skipped": "disabled",
  "cancelled": "disabled",
};

/** The group of a state. */
export const groupOf = (state) => GROUP_OF[state] ?? "waiting";

const WORDS = {
  "backing-off": "Backing off",
  "image-missing": "Image missing",
  "outside-session": "Outside session",
  "unknown": "Not looked at yet",
};

/** A state as a word for people. */
export function stateWord(state) {
  return WORDS[state] ?? state.charAt(0).toUpperCase() + state.slice(1).replaceAll("-", " ");
}
