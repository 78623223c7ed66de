/**
 * Adds to the record of a run which revision it runs.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { RunRecord, RunRepository } from "../schedules/run_repository.ts";
import type { RevisionHistory } from "./revision_history.ts";

/** Input of {@linkcode noteRunFacts}. */
export interface RunFactsParts {
  /** The ledger. */
  readonly runs: Pick<RunRepository, "update">;
  /** The revisions. */
  readonly revisions: RevisionHistory;
  /** Version of Berth. */
  readonly berth: string;
}

/**
 * Makes a listener for changed records. The start of a run does not wait for it.
 *
 * @param parts See {@linkcode RunFactsParts}.
 */
export function noteRunFacts({ runs, revisions, berth }: RunFactsParts): (record: RunRecord) => void {
  const log = getLogger(["berth", "revisions"]);
  /** The attempt of each running run that was noted last. */
  const noted = new Map<string, number>();
  return ({ id, scheduleId, state, attempt }) => {
    if (state !== "running") return void noted.delete(id);
    if (noted.get(id) === attempt) return;
    noted.set(id, attempt);
    void note(id, scheduleId).catch((error) =>
      log.debug("revision of a run not noted", { id, problem: messageOf(error) })
    );
  };

  async function note(id: string, scheduleId: string): Promise<void> {
    // A document that is being written has its revision afterwards.
    const latest = await revisions.hold(scheduleId, () => revisions.latest(scheduleId));
    const { number, archiveSha256, dependencies, image, configHash } = latest ?? {};
    await runs.update(id, {
      revision: number ?? null,
      archiveSha256: archiveSha256 ?? null,
      dependencies: dependencies?.join(" ") ?? null,
      image: image ?? null,
      configHash: configHash ?? null,
      berth,
    });
  }
}
