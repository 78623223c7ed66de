/**
 * Decides from a configuration which users bots run as.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { botUserKey, type BotUserPolicy, BotUsers, type LiveUser } from "../users/bot_users.ts";
import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import { type FileOwner, onDisk } from "../util/files.ts";
import { HostUsers } from "../users/host_users.ts";
import { LABEL } from "../engine/labels.ts";

/**
 * Creates the assignment of users to bots: the configured user, Berth's own user if it is not root, or one user a bot.
 *
 * @param config The configuration.
 * @param orchestrator Engine whose containers show which users are taken.
 * @param own User that this process runs as.
 */
export function createBotUsers(
  config: Pick<DockerRunnerConfig, "botUser" | "botUids" | "tempDir" | "instance">,
  orchestrator: Pick<ContainerOrchestrator, "listContainers">,
  own: FileOwner,
): BotUsers {
  const host = new HostUsers();
  return new BotUsers({
    policy: policyOf(config, own),
    isOnHost: (uid) => host.has(uid),
    canGive: (uid) => canGive(`${config.tempDir}/${config.instance}`, uid),
    listLive: (signal) => listLive(orchestrator, signal),
  });
}

/**
 * Creates the assignment of users on a cluster, where no user of this machine matters: the configured one, or one a bot.
 *
 * @param config The configuration.
 * @param orchestrator Cluster whose containers show which users are taken.
 */
export function createClusterUsers(
  config: Pick<DockerRunnerConfig, "botUser" | "botUids">,
  orchestrator: Pick<ContainerOrchestrator, "listContainers">,
): BotUsers {
  return new BotUsers({
    policy: policyOf(config, { uid: 0, gid: 0 }),
    isOnHost: () => Promise.resolve(false),
    canGive: () => Promise.resolve(true),
    listLive: (signal) => listLive(orchestrator, signal),
  });
}

async function listLive(
  orchestrator: Pick<ContainerOrchestrator, "listContainers">,
  signal?: AbortSignal,
): Promise<LiveUser[]> {
  const labels = { [LABEL.managed]: "true" };
  return (await orchestrator.listContainers({ labels, signal })).flatMap(liveUser);
}

/** Containers without the label were started by an earlier version, as one shared user outside of every range. */
function liveUser({ labels }: ContainerInfo): LiveUser[] {
  const uid = Number(labels[LABEL.uid]);
  const id = labels[LABEL.id];
  if (!Number.isSafeInteger(uid) || id === undefined) return [];
  return [{ key: botUserKey(labels[LABEL.instance] ?? "", id), uid }];
}

function policyOf(
  { botUser, botUids }: Pick<DockerRunnerConfig, "botUser" | "botUids">,
  own: FileOwner,
): BotUserPolicy {
  if (botUser) {
    const [uid, gid] = botUser.split(":").map(Number);
    return { kind: "one", owner: { uid: uid!, gid: gid! } };
  }
  return own.uid === 0 ? { kind: "range", range: botUids } : { kind: "one", owner: own };
}

/** In a user namespace, root can give files only to users that the namespace maps. */
async function canGive(folder: string, uid: number): Promise<boolean> {
  const probe = await onDisk(`write to '${folder}'`, async () => {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    return await Deno.makeTempFile({ dir: folder, prefix: "users-" });
  });
  try {
    await Deno.chown(probe, uid, uid);
    return true;
  } catch (error) {
    getLogger(["berth", "runner"]).warn(
      "bots share one user: this process cannot give files to users of BOT_UID_RANGE",
      { uid, error },
    );
    return false;
  } finally {
    await Deno.remove(probe).catch(() => {});
  }
}
