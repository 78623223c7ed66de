/**
 * Handles the operations on the states of bots.
 *
 * @module
 */

import { statesOf } from "../../lib/runner/states_of.ts";
import type { RestoreSource } from "../../lib/state/state_restorer.ts";
import type { Snapshot } from "../../lib/state/snapshot.ts";
import type { StateKeeper } from "../../lib/state/state_keeper.ts";
import { UploadFolder } from "../../lib/util/upload_folder.ts";
import type { RestoredState, StateSnapshot } from "../contract/state.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem, notFound } from "./api_problem.ts";
import { fileResponse } from "./file_response.ts";
import type { Handlers } from "./handlers.ts";
import { receiveArchive } from "./receive_archive.ts";

type StateOperation =
  | "getState"
  | "getStateContent"
  | "putStateContent"
  | "snapshotState"
  | "restoreState";

/** How long a restore waits for the bot to stop and begin its next start, in ms. */
const RESTORE_LIMIT_MS = 90_000;
const POLL_MS = 100;
/** Factor by which an archive may exceed its files: tar adds headers. */
const ARCHIVE_MARGIN = 1.2;

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 */
export function stateHandlers(parts: ApiParts): Handlers<StateOperation> {
  const { runner, clock, settings } = parts;
  const uploads = new UploadFolder(settings.uploadFolder, () => clock.now());

  function states(): StateKeeper {
    const found = statesOf(runner);
    if (found) return found;
    throw new ApiProblem(409, "state/not-served", "This service keeps no states.");
  }

  /** Only the process that starts the bot may swap its state. */
  async function requireServed(id: string, signal: AbortSignal): Promise<"bot" | "schedule"> {
    const { bots, schedules, botService, scheduleService } = parts;
    const kind = await bots.get(id, { signal })
      ? "bot"
      : await schedules.get(id, { signal })
      ? "schedule"
      : undefined;
    if (!kind) throw notFound("bot", id);
    if (kind === "bot" ? botService : scheduleService) return kind;
    throw new ApiProblem(409, "state/not-served", `This process does not start '${id}'.`, {
      advice: "Ask the service that does.",
    });
  }

  async function pick(id: string, ref: string | undefined, signal: AbortSignal): Promise<Snapshot> {
    const { snapshots } = await states().about(id, signal);
    const found = ref === undefined
      ? snapshots.slice(0, 1)
      : snapshots.filter(({ name }) => name.startsWith(ref));
    if (found.length === 1) return found[0]!;
    if (found.length > 1) {
      throw new ApiProblem(
        409,
        "state/ambiguous",
        `${found.length} snapshots of '${id}' begin with ${ref}.`,
        {
          advice: `Name one of them: ${found.slice(0, 5).map(({ name }) => name).join(", ")}.`,
        },
      );
    }
    const which = ref === undefined ? "no snapshot" : `no snapshot ${ref}`;
    throw new ApiProblem(404, "state/no-snapshot", `'${id}' has ${which}.`, {
      advice: `'berth state ls ${id}' lists them.`,
    });
  }

  async function restore(id: string, source: RestoreSource, signal: AbortSignal): Promise<RestoredState> {
    const kind = await requireServed(id, signal);
    const snapshot = source.kind === "snapshot" ? { snapshot: source.snapshot.name } : {};
    const restored = await states().restore(id, source, signal);
    let { isPending } = restored;
    if (isPending && kind === "bot" && parts.botService!.restart(id)) {
      const limit = clock.monotonic() + RESTORE_LIMIT_MS;
      while (isPending && clock.monotonic() < limit) {
        await clock.sleep(POLL_MS, signal);
        isPending = await states().isPending(id);
      }
    } else if (kind === "bot") parts.botService!.restart(id);
    return { id, ...snapshot, isPending };
  }

  return {
    async getState({ params: { id }, signal }) {
      const about = await states().about(id, signal);
      if (about.folder === undefined && about.snapshots.length === 0) await requireServed(id, signal);
      return { body: { id, ...about, snapshots: about.snapshots.map(viewOf) } };
    },

    async getStateContent({ params: { id }, query: { snapshot }, signal }) {
      await uploads.open();
      const path = uploads.newPath();
      try {
        if (snapshot === undefined) await states().pack(id, path, signal);
        else await states().download(id, await pick(id, snapshot, signal), path, signal);
        return await fileResponse(path, { contentType: "application/gzip", signal });
      } finally {
        // The open file is still read.
        await Deno.remove(path).catch(() => {});
      }
    },

    async putStateContent({ params: { id }, query: { sha256 }, body, header, signal }) {
      await requireServed(id, signal);
      await uploads.open();
      const path = uploads.newPath();
      try {
        const announced = Number(header("content-length") ?? 0);
        const maxBytes = Math.ceil(ARCHIVE_MARGIN * settings.stateBytes);
        await receiveArchive(path, { body, sha256, announced, maxBytes });
        return { body: await restore(id, { kind: "archive", path }, signal) };
      } finally {
        await Deno.remove(path).catch(() => {});
      }
    },

    async snapshotState({ params: { id }, signal }) {
      const snapshot = await states().snapshot(id, signal);
      return { status: 201, body: viewOf({ ...snapshot, isStored: true }) };
    },

    async restoreState({ params: { id }, body: { snapshot, empty }, signal }) {
      if (empty && snapshot !== undefined) {
        throw new ApiProblem(
          422,
          "state/source",
          "A restore takes a snapshot or an empty state, and not both.",
        );
      }
      await requireServed(id, signal);
      const source: RestoreSource = empty
        ? { kind: "empty" }
        : { kind: "snapshot", snapshot: await pick(id, snapshot, signal) };
      return { body: await restore(id, source, signal) };
    },
  };
}

function viewOf(snapshot: Snapshot & { readonly isStored: boolean }): StateSnapshot {
  const { bot: _bot, leftOut: _leftOut, ...view } = snapshot;
  return view;
}
