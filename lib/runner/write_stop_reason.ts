/**
 * Tells a program on this host why it is stopped.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Workspaces } from "../code/workspaces.ts";
import type { ContainerInfo } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import { messageOf } from "../errors.ts";
import { STOP_REASON_FILE } from "../executable/container_layout.ts";

/**
 * Writes the reason where the program sees it. The file is mounted by itself, so it keeps its place on the disk. Never
 * rejects.
 *
 * @param workspaces Folders of the containers.
 * @param info The container that is about to be stopped.
 * @param reason Why.
 */
export async function writeStopReason(
  workspaces: Pick<Workspaces, "path">,
  { name, labels }: ContainerInfo,
  reason: string,
): Promise<void> {
  const folder = labels[LABEL.folder];
  if (folder === undefined) return;
  try {
    const path = `${workspaces.path(folder)}/${STOP_REASON_FILE}`;
    // An earlier version of Berth has mounted none.
    await Deno.writeTextFile(path, reason, { create: false });
  } catch (error) {
    getLogger(["berth", "runner"]).debug("stop reason not written", {
      container: name,
      problem: messageOf(error),
    });
  }
}
