/**
 * The port for what people are notified of: incidents that begin and end, and events that happen once.
 *
 * @module
 */

/** Every kind of notification. A bot has at most one open incident of each kind, and of each guard. */
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
  /** Name of the guard, for `bot.guard_tripped`: each guard has incidents of its own. */
  readonly guard?: string;
}

/** Something that a person should know. Its strings contain no secret. */
export interface Incident extends IncidentKey {
  /** How urgent it is. */
  readonly severity: Severity;
  /** The problem in a few words, without the bot's id: `it crashes again and again`. */
  readonly title: string;
  /** The details in one or a few lines: the reason, the last line, the advice. */
  readonly text: string;
}

/** Something that happened once and does not end. */
export interface Happening extends Incident {
  /**
   * Tells it from others of its kind, for example container and position. Only the first one of the same identity
   * counts.
   */
  readonly identity: string;
  /** When it happened. @default now */
  readonly at?: Date;
  /** Names of the channels that it goes to. @default those whose routes match */
  readonly channels?: readonly string[];
}

/** How an incident ends. */
export interface CloseOptions {
  /** The details, for example `it has been running for 60 s`. @default nothing */
  readonly text?: string;
  /** Whether nobody is notified of the end, because an operator asked for what ended it. @default false */
  readonly isQuiet?: boolean;
}

/** Takes what people should know. Calls return at once, are cheap when nothing changes, and never throw. */
export interface Incidents {
  /**
   * Opens an incident, and notifies people once. Does nothing while one of the same key is open.
   *
   * @param incident The incident.
   */
  open(incident: Incident): void;
  /**
   * Ends an incident, and notifies people once that it has recovered. Does nothing if it is not open.
   *
   * @param key Which one.
   * @param options See {@linkcode CloseOptions}.
   */
  close(key: IncidentKey, options?: CloseOptions): void;
  /**
   * Ends open incidents of a bot and notifies nobody, because an operator has stopped or removed the bot.
   *
   * @param bot Id of the bot.
   * @param kinds Only these. @default all
   */
  closeAll(bot: string, kinds?: readonly IncidentKind[]): void;
  /**
   * Notifies people of something that happened once.
   *
   * @param happening The event that happened.
   * @returns Resolves when it is stored, so that it survives the process; never rejects.
   */
  notify(happening: Happening): Promise<void>;
  /**
   * Tells whether an incident is open, as far as this process knows.
   *
   * @param key Which one.
   */
  isOpen(key: IncidentKey): boolean;
  /** Lists the incidents that are open, as far as this process knows. */
  keys(): IncidentKey[];
}
