/**
 * The bots of a guard over several: their last numbers, and since when they are quiet. Pure, but for what it remembers.
 *
 * @module
 */

import type { FleetRun } from "./fleet_run.ts";

/** The known facts about bots that an earlier process, or an earlier form of the rule, has seen. */
export interface KnownMembers {
  /** Monotonic time, in ms. */
  readonly at: number;
  /** The bots that were summed, separated by commas. */
  readonly summed: string;
  /** The last number of each. */
  readonly values: Readonly<Record<string, number>>;
}

interface Member {
  readonly joinedAt: number;
  value?: number;
}

/** A run that is watched now. */
interface View {
  readonly run: FleetRun;
  quietSince: number;
}

/** How long the sum waits for the first number of a bot, in ms. Then it goes without that bot. */
const FIRST_NUMBER_MS = 120_000;

/** Keeps the bots. All times are monotonic, in ms. */
export class FleetMembers {
  readonly #beganAt: number;
  readonly #members = new Map<string, Member>();
  readonly #views = new Map<string, View>();
  /** Last numbers of bots that have not been seen since. */
  readonly #missed: Map<string, number>;
  #summed: string;

  /** @param known See {@linkcode KnownMembers}. */
  constructor({ at, summed, values }: KnownMembers) {
    this.#beganAt = at;
    this.#summed = summed;
    this.#missed = new Map(Object.entries(values));
  }

  /** The bots of the last sum, separated by commas. */
  get summed(): string {
    return this.#summed;
  }

  /** Gives the ids, sorted. */
  ids(): string[] {
    return [...this.#members.keys()].sort();
  }

  /** Gives the last number of each bot. */
  values(): Record<string, number> {
    const known = [...this.#members].flatMap(([id, { value }]) =>
      value === undefined ? [] : [[id, value] as const]
    );
    return Object.fromEntries([...this.#missed, ...known]);
  }

  /** Adds a bot, with the number that is known of it. @param bot Its id. @param at The time. */
  join(bot: string, at: number): void {
    if (this.#members.has(bot)) return;
    const value = this.#missed.get(bot);
    this.#missed.delete(bot);
    this.#members.set(bot, { joinedAt: at, ...(value !== undefined && { value }) });
  }

  /** Whether a bot was summed before and nobody has seen it since. @param bot Its id. */
  isMissed(bot: string): boolean {
    return this.#missed.has(bot);
  }

  /** Removes a bot. @param bot Its id. */
  leave(bot: string): void {
    this.#members.delete(bot);
    this.#missed.delete(bot);
  }

  /** A run begins. @param bot Id of its bot. @param run The run. @param at The time. */
  runBegins(bot: string, run: FleetRun, at: number): void {
    this.#views.set(bot, { run, quietSince: at });
  }

  /** A run ends. @param bot Id of its bot. @param run The run. @returns Whether it was the newest of its bot. */
  runEnds(bot: string, run: FleetRun): boolean {
    return this.#views.get(bot)?.run === run && this.#views.delete(bot);
  }

  /** Lines could not be seen. @param bot Id of the bot. @param ms For how long. @param at Until when. */
  wasBlind(bot: string, ms: number, at: number): void {
    const view = this.#views.get(bot);
    if (view) view.quietSince = Math.min(at, view.quietSince + ms);
  }

  /** Lets all bots be quiet from now on. @param at The time. */
  giveFullTime(at: number): void {
    for (const view of this.#views.values()) view.quietSince = at;
  }

  /** Records a number. @param bot Id of the bot. @param value The number. @param at The time. @returns Whether it counts. */
  take(bot: string, value: number, at: number): boolean {
    const member = this.#members.get(bot);
    if (!member) return false;
    member.value = value;
    const view = this.#views.get(bot);
    if (view) view.quietSince = Math.max(view.quietSince, at);
    return true;
  }

  /**
   * Adds up the last numbers.
   *
   * @param at The time.
   * @returns The sum, and whether it is the first of these bots; `undefined` while a first number may still come, or if the
   *   sum is too large to be a number.
   */
  sum(at: number): { readonly value: number; readonly isOfOthers: boolean } | undefined {
    // Bots that were summed before are seen one after another.
    if (this.#missed.size > 0 && at - this.#beganAt < FIRST_NUMBER_MS) return undefined;
    const all = [...this.#members].sort(([one], [other]) => one < other ? -1 : 1);
    const isWaiting = all.some(([, one]) => one.value === undefined && at - one.joinedAt < FIRST_NUMBER_MS);
    if (isWaiting) return undefined;
    const known = all.filter(([, { value }]) => value !== undefined);
    const value = known.reduce((sum, [, one]) => sum + one.value!, 0);
    if (!Number.isFinite(value)) return undefined;
    const summed = known.map(([id]) => id).join(",");
    const isOfOthers = summed !== this.#summed;
    this.#summed = summed;
    return { value, isOfOthers };
  }

  /** The runs that are watched now. */
  runs(): FleetRun[] {
    return this.#watched().map(([, { run }]) => run);
  }

  /** Whether the lines of all runs arrive as they are printed. A paused bot prints none. */
  isConnected(): boolean {
    return this.runs().every(({ sight }) => sight.isConnected);
  }

  /** Since when the bot that is quiet for longest has given no number; `Infinity` if none could have. */
  quietSince(): number {
    return Math.min(Infinity, ...this.#visible().map(([, { quietSince }]) => quietSince));
  }

  /** Lists the bots that have given no number since a time. @param at The time. */
  quiet(at: number): string[] {
    return this.#visible().filter(([, { quietSince }]) => quietSince <= at).map(([id]) => id).sort();
  }

  #watched(): [string, View][] {
    return [...this.#views].filter(([id]) => this.#members.has(id));
  }

  #visible(): [string, View][] {
    return this.#watched().filter(([, { run }]) => !run.sight.isBlind);
  }
}
