/**
 * Subjects of the events, fixed by the outside contract: each without its last part, `.created`, `.updated` or
 * `.deleted`.
 *
 * @module
 */

/** Of bots. */
export const BOT_SUBJECTS = "the0.bot";

/** Of schedules. */
export const SCHEDULE_SUBJECTS = "the0.bot-schedule";
