/**
 * Everything that the service knows about its bots, one entry per bot.
 *
 * @module
 */

import type { ManagedContainer } from "../../lib/runner/runner.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import type { BotSettings } from "../documents/bot_settings.ts";
import type { BotCondition, RunningBot } from "./bot_condition.ts";
import type { DesiredState } from "./desired_state.ts";
import type { AskedRestart } from "./plan.ts";
import type { RunHealth } from "./run_health.ts";
import type { FailedStart } from "./restart_policy.ts";

/** A document as it was read or written just now. */
export interface FreshDocument {
  /** The document; absent if the bot has none. */
  readonly document?: BotDocument | undefined;
}

/** The entry of one bot. */
export interface BotEntry {
  /** Whether the gate has been asked what other processes have noted of it, or has just read all of that. */
  readonly isMet?: boolean;
  /** Document from a write or a full read. The next pass takes it instead of reading it again. */
  readonly freshDocument?: FreshDocument;
  /** Last document that asked for a run, for when the database does not answer. */
  readonly lastDocument?: BotDocument;
  /** Whether the document may have changed since then, so that a pass has to read it. */
  readonly isDocumentDoubtful?: boolean;
  /** Last settings that could be read while its container ran, for when its document is gone or broken. */
  readonly lastSettings?: BotSettings;
  /**
   * The container that ran when the engine was last queried, or none. May be stale. Safe to act on, because the engine
   * rejects an action that no longer fits; never use it to conclude that nothing needs doing.
   */
  readonly containers?: readonly ManagedContainer[];
  /** State that the pass under way brings about. */
  readonly inFlight?: { readonly desired: DesiredState };
  /** The last start, if it failed. */
  readonly failedStart?: FailedStart;
  /** A restart that was asked for and not yet carried out. */
  readonly restart?: AskedRestart;
  /** The watchdog's view of one of its containers, perhaps of an earlier one. */
  readonly health?: RunHealth;
  /** The engine's id of the exited container that was reported last. */
  readonly reportedExit?: string;
  /** Why the last log lines of its exited container cannot be stored; the container stays until they are. */
  readonly unsavedReason?: string;
  /** `reported`: an event or a call deleted the bot. `confirmed`: enough full reads agree that its document is gone. */
  readonly deletion?: "reported" | "confirmed";
  /** The condition that was logged last. */
  readonly loggedCondition?: { readonly type: BotCondition["type"]; readonly text: string };
  /** Notes on its document that the log shows last. */
  readonly loggedNotes?: string;
  /** Its status, as the API shows it. */
  readonly status?: RunningBot;
}

/** The bots that the service knows. To forget a bot is to delete its entry. */
export class BotTable {
  readonly #entries = new Map<string, BotEntry>();
  /** Bots whose document may differ from what the full read under way shows. */
  readonly #changedDocuments = new Set<string>();
  /** Bots whose containers may differ from what the full read under way shows. */
  readonly #changedContainers = new Set<string>();
  /** Engine ids of containers that this process ended since the last full read began. */
  readonly #endedContainers = new Set<string>();

  /** The bots and what is known about them. */
  entries(): IterableIterator<[string, BotEntry]> {
    return this.#entries.entries();
  }

  /**
   * Returns what is known about a bot.
   *
   * @param id Id of the bot.
   */
  get(id: string): BotEntry | undefined {
    return this.#entries.get(id);
  }

  /**
   * Sets fields of a bot's entry; makes the entry if there is none.
   *
   * @param id Id of the bot.
   * @param fields The fields; the others stay.
   */
  update(id: string, fields: BotEntry): void {
    this.#entries.set(id, { ...this.#entries.get(id), ...fields });
  }

  /**
   * Clears fields of a bot's entry, if there is one.
   *
   * @param id Id of the bot.
   * @param names Names of the fields.
   */
  clear(id: string, ...names: (keyof BotEntry)[]): void {
    const entry = this.#entries.get(id);
    if (!entry || names.every((name) => entry[name] === undefined)) return;
    this.#entries.set(id, { ...entry, ...Object.fromEntries(names.map((name) => [name, undefined])) });
  }

  /**
   * Forgets a bot that has neither document nor container any more.
   *
   * @param id Id of the bot.
   */
  delete(id: string): void {
    this.#changedContainers.add(id);
    this.#entries.delete(id);
  }

  /** A full read begins: documents that an earlier one brought are outdated. */
  beginRead(): void {
    for (const id of this.#entries.keys()) this.clear(id, "freshDocument");
    this.#changedDocuments.clear();
    this.#changedContainers.clear();
    this.#endedContainers.clear();
  }

  /**
   * Tells whether a bot has changed since the last full read began, so that this read may show it as it was before.
   *
   * @param id Id of the bot.
   */
  hasChanged(id: string): boolean {
    return this.#changedDocuments.has(id) || this.#changedContainers.has(id);
  }

  /**
   * Records that a document may have changed, so that the next pass reads it.
   *
   * @param id Id of the bot.
   */
  documentChanged(id: string): void {
    this.#changedDocuments.add(id);
    this.clear(id, "freshDocument");
    if (this.#entries.get(id)?.lastDocument) this.update(id, { isDocumentDoubtful: true });
  }

  /**
   * Records that a bot's containers have changed: a full read under way may still show the earlier ones.
   *
   * @param id Id of the bot.
   */
  containersChanged(id: string): void {
    this.#changedContainers.add(id);
  }

  /**
   * Keeps a document that was written. It is newer than what a full read under way brings.
   *
   * @param id Id of the bot.
   * @param document Its document; `undefined` if it was removed.
   */
  documentWritten(id: string, document: BotDocument | undefined): void {
    this.#changedDocuments.add(id);
    this.update(id, { freshDocument: { document } });
  }

  /**
   * Keeps a document that the full read brought, unless it has changed since that read began.
   *
   * @param id Id of the bot.
   * @param document Its document; `undefined` if there is none.
   */
  documentRead(id: string, document: BotDocument | undefined): void {
    if (!this.#changedDocuments.has(id)) this.update(id, { freshDocument: { document } });
  }

  /**
   * Takes the fresh document of a bot, once.
   *
   * @param id Id of the bot.
   * @returns `undefined` if the document has to be read.
   */
  takeDocument(id: string): FreshDocument | undefined {
    const fresh = this.#entries.get(id)?.freshDocument;
    if (fresh) this.clear(id, "freshDocument", "isDocumentDoubtful");
    return fresh;
  }

  /**
   * Keeps the containers that the full read lists, unless a pass has changed them since that read began.
   *
   * @param id Id of the bot.
   * @param containers Its containers.
   */
  containersListed(id: string, containers: readonly ManagedContainer[]): void {
    if (!this.#changedContainers.has(id)) this.#setContainers(id, containers);
  }

  /**
   * Keeps the containers that a pass has found or made.
   *
   * @param id Id of the bot.
   * @param containers Its containers.
   */
  containersSeen(id: string, containers: readonly ManagedContainer[]): void {
    this.#changedContainers.add(id);
    this.#setContainers(id, containers);
  }

  /**
   * Takes the containers of a bot, once: the caller is about to change them.
   *
   * @param id Id of the bot.
   * @returns None, or one that runs; `undefined` if the engine has to be queried.
   */
  takeContainers(id: string): readonly ManagedContainer[] | undefined {
    const containers = this.#entries.get(id)?.containers;
    this.#changedContainers.add(id);
    this.clear(id, "containers");
    return containers;
  }

  /**
   * Records that this process ends a container, so that the engine's events about it are no news.
   *
   * @param containerId The engine's id of the container.
   */
  containerEnded(containerId: string): void {
    this.#endedContainers.add(containerId);
  }

  /**
   * Tells whether this process ended a container since the last full read began.
   *
   * @param containerId The engine's id of the container.
   */
  hasEnded(containerId: string): boolean {
    return this.#endedContainers.has(containerId);
  }

  /** A list does not show all that the engine knows of a container that does not run, so only running ones are kept. */
  #setContainers(id: string, containers: readonly ManagedContainer[]): void {
    const isClear = containers.length <= 1 &&
      containers.every(({ phase, isForeign }) => phase === "running" && !isForeign);
    if (isClear) this.update(id, { containers });
    else this.clear(id, "containers");
  }
}
