/**
 * The checks of `berth doctor` for database, event bus and service.
 *
 * @module
 */

import { BerthError, messageOf } from "../lib/errors.ts";
import type { LockHolder } from "../lib/util/folder_lock.ts";
import type { ServerProbes } from "../services/probe_servers.ts";
import type { ServiceConfig, ServiceName } from "../services/config.ts";
import { whoServes } from "../services/who_serves.ts";
import { describeServing } from "./describe_serving.ts";
import type { Finding } from "./finding.ts";
import { isFrozen } from "./service_locks.ts";

/**
 * Puts in words what was found of the servers.
 *
 * @param probes The findings.
 * @returns A finding for each that is configured.
 */
export function checkServers({ sqlite, mongo, nats }: ServerProbes): Finding[] {
  return [
    ...(sqlite ? [checkSqlite(sqlite)] : []),
    ...(mongo ? [checkMongo(mongo)] : []),
    ...(nats ? [checkNats(nats)] : []),
  ];
}

/**
 * Reports which services of an instance run on this machine.
 *
 * @param instance Name of the instance.
 * @param holders The processes, by service.
 * @param now The time, in ms since the epoch.
 */
export function checkService(
  instance: string,
  holders: Partial<Record<ServiceName, LockHolder>>,
  now: number,
): Finding[] {
  const subject = "Service";
  const found = Object.entries(holders);
  if (found.length === 0) {
    return [{
      subject,
      state: "ok",
      detail: `none runs here as instance '${instance}'; 'berth start' starts it`,
    }];
  }
  return found.map(([name, holder]): Finding => {
    const detail = `${name}: runs here as instance '${instance}' (${holder.about})`;
    if (!isFrozen(holder, now)) return { subject, state: "ok", detail };
    return {
      subject,
      state: "problem",
      detail: `${detail}, and has done nothing since ${holder.renewedAt!.toISOString()}`,
      advice:
        "if it was stopped by a signal, `kill -CONT` lets it go on; else end it with `kill -KILL` and start it " +
        "again: its bots go on running",
    };
  });
}

/**
 * Reports who serves the bots.
 *
 * @param config The configuration.
 * @param probes The findings about the servers.
 * @param hostId Identifies this host, see `Runner.hostId`; `undefined` when its engine does not answer.
 */
export async function checkServing(
  config: ServiceConfig,
  { mongo }: ServerProbes,
  hostId: string | undefined,
): Promise<Finding[]> {
  const subject = "Bots";
  const records = config.mongoUri ? mongo?.services ?? [] : undefined;
  const server = await whoServes("bots", config, records).catch(() => undefined);
  if (!server) return [];
  const { isHere, predicate, advice } = describeServing(server, hostId);
  if (advice !== undefined) return [{ subject, state: "warning", detail: predicate, advice }];
  if (isHere) return [{ subject, state: "ok", detail: predicate }];
  return [{
    subject,
    state: "warning",
    detail: predicate,
    advice: `a service of instance '${config.runner.instance}' here stands by until that one has ended`,
  }];
}

/**
 * Turns an error into a finding.
 *
 * @param subject The checked part.
 * @param error The error.
 * @param otherwise The advice if the error has none.
 */
export function problemFinding(subject: string, error: unknown, otherwise: string): Finding {
  if (!(error instanceof BerthError)) {
    return { subject, state: "problem", detail: messageOf(error), advice: otherwise };
  }
  return { subject, state: "problem", detail: error.summary, advice: error.advice ?? otherwise };
}

function checkSqlite({ path, exists, bots, problem }: NonNullable<ServerProbes["sqlite"]>): Finding {
  const subject = "Documents";
  if (!exists) return { subject, state: "ok", detail: `SQLite at ${path}, which the first bot makes` };
  if (problem === undefined) return { subject, state: "ok", detail: `SQLite at ${path}, ${count(bots)}` };
  return {
    subject,
    state: "problem",
    detail: `SQLite at ${path} cannot be read: ${problem}`,
    advice: "let its owner run Berth, choose another folder with DATA_DIR, or restore the file from a copy",
  };
}

function checkMongo({ where, bots, problem }: NonNullable<ServerProbes["mongo"]>): Finding {
  const subject = "Documents";
  if (problem === undefined) return { subject, state: "ok", detail: `MongoDB at ${where}, ${count(bots)}` };
  return problemFinding(subject, problem, "start MongoDB, or correct MONGO_URI");
}

function checkNats({ where, problem, withoutStream }: NonNullable<ServerProbes["nats"]>): Finding {
  const subject = "Events";
  if (problem !== undefined) {
    return {
      subject,
      state: "problem",
      detail: `NATS at ${where}: ${problem}`,
      advice: "start NATS, or correct NATS_URL; meanwhile changes are found at every RECONCILE_INTERVAL",
    };
  }
  if (withoutStream === undefined) {
    return { subject, state: "ok", detail: `NATS at ${where}, with the stream of the events` };
  }
  return {
    subject,
    state: "warning",
    detail: `NATS at ${where} answers, but ${withoutStream}: events are lost while Berth is down`,
    advice: "have the publisher make its JetStream stream THE0_EVENTS, if changes must not wait for a resync",
  };
}

function count(bots: number | undefined): string {
  return bots === 1 ? "1 bot" : `${bots} bots`;
}
