/**
 * Port to what people are told: incidents that begin and end, and events that happen once.
 *
 * @module
 */

/** Every kind of notification. A bot has at most one open incident of each kind. */
export const INCIDENT_KINDS = [
  "bot.crash_loop",
  "bot.failed",
  "bot.invalid",
  "bot.silent",
  "bot.unhealthy",
  "bot.guard_tripped",
  "bot.oom",
  "run.failed",
  "run.timed_out",
  "run.missed",
  "store.unreachable",
  "engine.unreachable",
  "logs.lost",
  "disk.low",
  "log.pattern",
] as const;

/** Kind of a notification. */
export type IncidentKind = (typeof INCIDENT_KINDS)[number];

/** How urgent a notification is: `critical` needs a person now, `warning` soon. */
export type Severity = "info" | "warning" | "critical";

/** Names an incident. */
export interface IncidentKey {
  /** Its kind. */
  readonly kind: IncidentKind;
  /** Id of the bot or the schedule; absent if it concerns the service. */
  readonly bot?: string;
}

/** Something that a person should hear of. Its strings hold no secret. */
export interface Incident extends IncidentKey {
  /** How urgent it is. */
  readonly severity: Severity;
  /** What is wrong in a few words, without the bot's id: `it crashes again and again`. */
  readonly title: string;
  /** What is known in one or a few lines: the reason, the last line, what to do. */
  readonly text: string;
}

/** Something that happened once and does not end. */
export interface Happening extends Incident {
  /** What makes it this one and no other, for example container and position. The same again is told once. */
  readonly identity: string;
  /** When it happened. @default now */
  readonly at?: Date;
  /** Names of the channels that are told. @default those whose routes match */
  readonly channels?: readonly string[];
}

/** How an incident ends. */
export interface CloseOptions {
  /** What is known, for example `it has been running for 60 s`. @default nothing */
  readonly text?: string;
  /** Ends it without a word, because an operator asked for what ended it. @default false */
  readonly isQuiet?: boolean;
}

/** Takes what people should hear of. Calls return at once, are cheap when nothing changes, and never throw. */
export interface Incidents {
  /**
   * Opens an incident: people are told once. Does nothing while one of its bot and kind is open.
   *
   * @param incident The incident.
   */
  open(incident: Incident): void;
  /**
   * Ends an incident: people are told that it has recovered, once. Does nothing if none is open.
   *
   * @param key Which one.
   * @param options See {@linkcode CloseOptions}.
   */
  close(key: IncidentKey, options?: CloseOptions): void;
  /**
   * Ends every open incident of a bot without a word, because the bot was stopped or removed by an operator.
   *
   * @param bot Id of the bot.
   * @param kinds Only these. @default all
   */
  closeAll(bot: string, kinds?: readonly IncidentKind[]): void;
  /**
   * Tells of something that happened once.
   *
   * @param happening What happened.
   * @returns Resolves when it is stored, so that it survives the process; never rejects.
   */
  tell(happening: Happening): Promise<void>;
  /**
   * Tells whether an incident is open, as far as this process knows.
   *
   * @param key Which one.
   */
  isOpen(key: IncidentKey): boolean;
}

/** Tells nobody: for services that run without notifications. */
export const NO_INCIDENTS: Incidents = {
  open() {},
  close() {},
  closeAll() {},
  tell: () => Promise.resolve(),
  isOpen: () => false,
};
