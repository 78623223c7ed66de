/**
 * Checks what a service works with: database, object store, event bus and engine.
 *
 * @module
 */

import { BerthError, messageOf } from "../lib/errors.ts";
import type { ObjectStore } from "../lib/objects/object_store.ts";
import type { Runner } from "../lib/runner/runner.ts";
import type { ServiceConfig } from "./config.ts";
import type { PartAbout } from "./contract/service.ts";
import { probeServers } from "./probe_servers.ts";

/** How long one part may take to answer, in ms. */
const LIMIT_MS = 5000;

/** Parts that have a client already. */
export interface LookedAtParts {
  /** Code, results and logs. */
  readonly store: Pick<ObjectStore, "stat">;
  /** The containers. */
  readonly runner: Pick<Runner, "listManagedContainers">;
}

/**
 * Checks each part once. Changes nothing.
 *
 * @param config The configuration.
 * @param parts The clients.
 * @param signal Ends it.
 * @returns The findings, with reasons.
 */
export async function lookAtParts(
  config: ServiceConfig,
  { store, runner }: LookedAtParts,
  signal: AbortSignal,
): Promise<PartAbout[]> {
  const { minio, buckets, dataDir, dockerHost } = config.runner;
  const within = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  const [servers, objects, engine] = await Promise.all([
    lookAtServers(config, within),
    look(
      "objects",
      minio ? `MinIO at ${minio.host}:${minio.port}` : `folder ${dataDir}/objects`,
      () => store.stat(buckets.code, "berth-look", { signal: within }),
    ),
    look(
      "engine",
      `Docker at ${dockerHost}`,
      () => runner.listManagedContainers(config.segment, { signal: within }),
    ),
  ]);
  return [...servers, objects, engine];
}

async function lookAtServers(config: ServiceConfig, signal: AbortSignal): Promise<PartAbout[]> {
  try {
    const { sqlite, mongo, nats } = await probeServers(config, signal);
    return [
      ...(sqlite ? [toPart("documents", `SQLite at ${sqlite.path}`, sqlite.problem)] : []),
      ...(mongo ? [toPart("documents", `MongoDB at ${mongo.where}`, mongo.problem)] : []),
      ...(nats ? [toPart("events", `NATS at ${nats.where}`, nats.problem, nats.withoutStream)] : []),
    ];
  } catch (error) {
    return [toPart("documents", config.mongoUri ? "MongoDB" : "SQLite", error)];
  }
}

async function look(
  name: PartAbout["name"],
  where: string,
  work: () => Promise<unknown>,
): Promise<PartAbout> {
  try {
    await work();
    return toPart(name, where);
  } catch (error) {
    return toPart(name, where, error);
  }
}

function toPart(name: PartAbout["name"], where: string, problem?: unknown, warning?: string): PartAbout {
  if (problem === undefined) {
    if (warning === undefined) return { name, state: "ok", detail: where };
    return { name, state: "warning", detail: `${where}: ${warning}` };
  }
  const isKnown = problem instanceof BerthError;
  const text = typeof problem === "string" ? problem : isKnown ? problem.summary : messageOf(problem);
  return {
    name,
    state: "problem",
    detail: `${where}: ${text}`,
    ...(isKnown && { code: problem.code }),
    ...(isKnown && problem.advice !== undefined && { advice: problem.advice }),
  };
}
