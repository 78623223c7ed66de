/**
 * Builds the parts that serve the supervisors of a cluster.
 *
 * @module
 */

import type { ClusterLeases } from "../lib/cluster/cluster_leases.ts";
import type { SupervisorLink } from "../lib/cluster/supervisor_link.ts";
import type { WorkOrders } from "../lib/cluster/work_orders.ts";
import type { ObjectStore } from "../lib/objects/object_store.ts";
import type { DockerRunnerConfig } from "../lib/runner/docker_runner_config.ts";
import { createSecretResolver } from "../lib/secrets/create_secret_resolver.ts";
import type { StateKeeper } from "../lib/state/state_keeper.ts";
import { SnapshotStore } from "../lib/state/snapshot_store.ts";
import { type Clock, systemClock } from "../lib/util/clock.ts";
import type { RecordStore } from "./records/record_store.ts";
import { CarriedStates } from "./supervisors/carried_states.ts";
import { ClusterStates } from "./supervisors/cluster_states.ts";
import { OrderRecords } from "./supervisors/order_records.ts";
import { RequestBox } from "./supervisors/request_box.ts";
import { SessionBook } from "./supervisors/session_book.ts";
import { SupervisorRecordsLink } from "./supervisors/supervisor_records_link.ts";
import { type AnswerSupervisor, supervisorRoutes } from "./supervisors/supervisor_routes.ts";
import { Supervisors } from "./supervisors/supervisors.ts";
import { Uploads } from "./supervisors/uploads.ts";
import { UsageReports } from "./supervisors/usage_reports.ts";

/** Input of {@linkcode composeSupervisors}. */
export interface SupervisorsCompositionParts {
  /** The database. */
  readonly records: RecordStore;
  /** Code, results and snapshots. */
  readonly store: ObjectStore;
  /** The leases. */
  readonly leases: Pick<ClusterLeases, "ageMs" | "renew" | "release">;
  /** The clock. @default {the one of this machine} */
  readonly clock?: Clock;
}

/** The parts that serve supervisors and reach them. */
export interface ComposedSupervisors extends Disposable {
  /** The work orders. */
  readonly orders: WorkOrders;
  /** Reaches the supervisors. */
  readonly link: SupervisorLink;
  /** The states of the bots, for operators. */
  readonly states: StateKeeper;
  /** The routes that they call. */
  readonly answer: AnswerSupervisor;
}

/**
 * Builds the parts that serve the supervisors of a cluster. Any process may serve any supervisor.
 *
 * @param config The runner's configuration.
 * @param parts See {@linkcode SupervisorsCompositionParts}.
 */
export function composeSupervisors(
  config: DockerRunnerConfig,
  { records, store, leases, clock = systemClock }: SupervisorsCompositionParts,
): ComposedSupervisors {
  const { buckets, archiveLimits, codeCacheBytes, tempDir, instance, dataDir } = config;
  const snapshots = new SnapshotStore(store, buckets.state);
  const states = new CarriedStates({ records, store, snapshots, bucket: buckets.state, clock });
  const sessions = new SessionBook(records, clock);
  const requests = new RequestBox(records, clock);
  const usage = new UsageReports(records, clock);
  const secrets = createSecretResolver(config.secrets, dataDir);
  const folder = `${tempDir}/${instance}/uploads`;
  const uploads = new Uploads({ store, resultsBucket: buckets.results, states, folder });
  const orders = new OrderRecords(records, async (order, options) => {
    await uploads.discard(order, options);
    await requests.removeAll(order.id);
    await sessions.remove(order.id, options);
    usage.forget(order.id);
  });
  const supervisors = new Supervisors({
    orders,
    sessions,
    requests,
    usage,
    states,
    uploads,
    leases,
    secrets,
    store,
    codeBucket: buckets.code,
    limits: archiveLimits,
    cacheBytes: codeCacheBytes,
    clock,
  });
  const link = new SupervisorRecordsLink({
    orders,
    sessions,
    requests,
    usage,
    states,
    store,
    bucket: buckets.results,
  });
  return {
    orders,
    link,
    states: new ClusterStates({ states, snapshots, link, folder, clock }),
    answer: supervisorRoutes(supervisors),
    [Symbol.dispose]: () => secrets[Symbol.dispose](),
  };
}
