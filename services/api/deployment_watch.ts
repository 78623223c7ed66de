/**
 * Watches deployments, and goes back to the revision before if the new one does not run.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { BerthError, messageOf, ObjectStoreError } from "../../lib/errors.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import { parseBotDocument } from "../documents/bot_document.ts";
import { type BotRepository, StoreUnavailableError } from "../documents/bot_repository.ts";
import type { RolledBack } from "../contract/revisions.ts";
import type { RevisionHistory } from "../revisions/revision_history.ts";
import type { BotsPort } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import { judgeWatch, type WatchedBot } from "./judge_watch.ts";
import { OpenWork } from "./open_work.ts";
import type { RollbackOptions } from "./rollback.ts";
import type { OpenWatch, Watch, WatchRecords } from "./watch_records.ts";

/** Dependencies of {@linkcode DeploymentWatch}. */
export interface DeploymentWatchParts {
  /** The watches. */
  readonly watches: WatchRecords;
  /** The revisions. */
  readonly revisions: Pick<RevisionHistory, "latest">;
  /** The documents of the bots. */
  readonly bots: Pick<BotRepository, "get">;
  /** Hashes what a document asks for. */
  readonly runner: Pick<Runner, "specHash">;
  /** The bots that this process looks after. */
  readonly botService: Pick<BotsPort, "state">;
  /** Whether it looks after them now: a process that stands by knows no conditions, and must judge nothing. */
  readonly isServing: () => boolean;
  /** Goes back. */
  readonly rollBack: (id: string, options: RollbackOptions) => Promise<RolledBack>;
  /** The clock. */
  readonly clock: Clock;
}

/** Time between two looks for watches that another process has begun, in ms. */
const IDLE_MS = 30_000;

/** Checks watched bots until it is disposed. Nothing is polled while no deployment is watched. */
export class DeploymentWatch implements Disposable {
  readonly #parts: DeploymentWatchParts;
  readonly #work: OpenWork<OpenWatch>;
  readonly #log = getLogger(["berth", "revisions"]);

  /** @param parts See {@linkcode DeploymentWatchParts}. */
  constructor(parts: DeploymentWatchParts) {
    this.#parts = parts;
    this.#work = new OpenWork({
      ...parts,
      idleMs: IDLE_MS,
      list: (signal) => parts.watches.listOpen({ signal }),
      look: (open, signal) => this.#look(open, signal),
      onError: (error, open) =>
        this.#log.debug("watched deployment not looked at", { id: open?.id, problem: messageOf(error) }),
    });
  }

  /** Looks now, because a watch has begun. */
  wake(): void {
    this.#work.wake();
  }

  /** Ends the looks; watches stay open for the next process. */
  [Symbol.dispose](): void {
    this.#work[Symbol.dispose]();
  }

  async #look(open: OpenWatch, signal: AbortSignal): Promise<void> {
    const { watches, revisions, clock } = this.#parts;
    const { id, watch } = open;
    const latest = await revisions.latest(id, { signal });
    if (latest?.number !== watch.revision) {
      // A predecessor may have ended right after it had gone back.
      const isDone = watch.state === "going-back" && latest?.trigger === "watch";
      const restored = isDone && latest.restores !== undefined ? { restored: latest.restores } : {};
      const ended: Watch = isDone ? { ...watch, state: "went-back", ...restored } : {
        ...watch,
        state: "overtaken",
        reason: "something else was deployed meanwhile, or it was removed",
      };
      return await watches.end(id, ended, { signal });
    }
    if (watch.state === "going-back") return await this.#goBack(open, signal);
    const verdict = judgeWatch(await this.#read(id, signal), watch, clock.now());
    if (verdict.type === "well") await watches.end(id, { ...watch, state: "well" }, { signal });
    if (verdict.type !== "broken") return;
    this.#log.warn("watched deployment does not run", {
      id,
      revision: watch.revision,
      reason: verdict.reason,
    });
    const claimed = await watches.claim(open, verdict.reason, { signal });
    if (claimed) await this.#goBack(claimed, signal);
  }

  async #read(id: string, signal: AbortSignal): Promise<WatchedBot | undefined> {
    const { bots, botService, runner } = this.#parts;
    const status = botService.state.getRunningBot(id);
    const document = await bots.get(id, { signal });
    if (!status || !document) return undefined;
    const parsed = parseBotDocument(document, { key: id });
    const isCurrent = parsed.status === "valid" && status.specHash === runner.specHash(parsed.executable);
    return { ...status, isCurrent };
  }

  async #goBack({ id, watch }: OpenWatch, signal: AbortSignal): Promise<void> {
    const { watches, rollBack } = this.#parts;
    const { revision: from, actor, reason = "" } = watch;
    try {
      const { restores } = await rollBack(id, { from, cause: { trigger: "watch", actor }, signal });
      this.#log.warn("went back to an earlier revision", { id, from, to: restores });
      await watches.end(id, { ...watch, state: "went-back", restored: restores }, { signal });
    } catch (error) {
      const isTransient = error instanceof StoreUnavailableError || error instanceof ObjectStoreError;
      if (signal.aborted || isTransient || !(error instanceof BerthError)) throw error;
      // An outdated watch ends at the next check.
      if (error instanceof ApiProblem && error.code === "deployment/overtaken") return;
      this.#log.error("cannot go back to an earlier revision", { id, from, problem: error.message });
      await watches.end(id, { ...watch, state: "broken", reason: `${reason}. ${error.message}` }, { signal });
    }
  }
}
