/**
 * The parts of the API that deal with revisions and what they need. There is one of each, shared by all handlers.
 *
 * @module
 */

import { DocumentObserver } from "../revisions/observe_documents.ts";
import { RevisionHistory } from "../revisions/revision_history.ts";
import { noteRunFacts } from "../revisions/run_facts.ts";
import { StartHistory } from "../revisions/start_history.ts";
import type { ApiParts } from "./api_parts.ts";
import { ArchiveHashes } from "./archive_hashes.ts";
import { ArchiveRetention } from "./archive_retention.ts";
import { WatchRecords } from "./watch_records.ts";

/** The parts. */
export interface VersionTools {
  /** The revisions. */
  readonly revisions: RevisionHistory;
  /** The last starts of bots. */
  readonly starts: StartHistory;
  /** Records what other programs change. */
  readonly observer: DocumentObserver;
  /** Removes archives that nothing needs. */
  readonly retention: ArchiveRetention;
  /** The hashes of archives. */
  readonly hashes: ArchiveHashes;
  /** The watches of deployments. */
  readonly watches: WatchRecords;
}

/**
 * Makes the parts, and subscribes them to the services of this process: they note starts, and documents that other
 * programs change.
 *
 * @param parts The dependencies of the API.
 */
export function openVersionTools(parts: ApiParts): VersionTools {
  const { records, clock, botService, scheduleService } = parts;
  const berth = parts.process?.version ?? "";
  const revisions = new RevisionHistory(records, clock, berth);
  const starts = new StartHistory({ records, revisions, clock, berth });
  const observer = new DocumentObserver({ ...parts, revisions });
  /** The last seen document of each bot: a program may write the database without an event. */
  const seen = new Map<string, string>();
  const observeBot = (id: string) => botService?.bookkeep(() => observer.observe("bot", id));
  botService?.state.subscribeActivity((activity) => {
    const { id } = activity;
    if (activity.type === "document") observeBot(id);
    if (activity.type === "started") {
      botService.bookkeep(async () => {
        // A start belongs to the revision that is to be noted before it.
        await observer.observed(id);
        await starts.keep(activity);
      });
    }
  });
  botService?.state.subscribe((id, bot) => {
    if (!bot) return void seen.delete(id);
    const { specHash = "", condition } = bot;
    const now = condition.type === "invalid" ? condition.reason : specHash;
    if (seen.get(id) === now) return;
    seen.set(id, now);
    observeBot(id);
  });
  scheduleService?.state.subscribeChanges(({ id }) => void observer.observe("schedule", id));
  scheduleService?.state.subscribe(noteRunFacts({ runs: parts.runs, revisions, berth }));
  const retention = new ArchiveRetention({ ...parts, revisions, starts });
  return {
    revisions,
    starts,
    observer,
    retention,
    hashes: new ArchiveHashes(),
    watches: new WatchRecords(records),
  };
}
