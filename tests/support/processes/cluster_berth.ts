/**
 * One Berth of several that share a MongoDB and a cluster, which is one engine here: what leads, stands by and takes over
 * is the same. Run as a program, with Berth's environment and `CLUSTER_TEMP_DIR`, the folder of the containers.
 *
 * @module
 */

import { configure, getConsoleSink, getLogger } from "@logtape/logtape";
import { formatRecord } from "../../../cli/output/log_format.ts";
import { createDockerRunner } from "../../../lib/runner/create_docker_runner.ts";
import { createObjectStore } from "../../../lib/runner/create_object_store.ts";
import { ensureInstanceDir } from "../../../lib/util/temp_dir.ts";
import { composeServices } from "../../../services/compose.ts";
import { parseServiceConfig } from "../../../services/config.ts";
import { type BerthProcess, startProgram } from "./berth_process.ts";

/**
 * Starts a Berth of a cluster.
 *
 * @param env Berth's environment. `TEMP_DIR` is the folder of the process: each has its own.
 * @param clusterDir The folder of the containers, the same for all.
 */
export function startClusterBerth(env: Readonly<Record<string, string>>, clusterDir: string): BerthProcess {
  return startProgram({ ...env, CLUSTER_TEMP_DIR: clusterDir }, [
    "--allow-all",
    "tests/support/processes/cluster_berth.ts",
  ]);
}

async function run(): Promise<void> {
  await configure({
    sinks: { console: getConsoleSink({ formatter: (record) => [formatRecord(record)] }) },
    loggers: [
      { category: ["berth"], lowestLevel: "debug", sinks: ["console"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["console"] },
    ],
  });
  const config = parseServiceConfig(Deno.env.toObject());
  const { instance, tempDir } = config.runner;
  const clusterDir = Deno.env.get("CLUSTER_TEMP_DIR")!;
  for (const folder of [tempDir, clusterDir]) await ensureInstanceDir(folder, instance, Deno.uid() ?? 0);
  const store = createObjectStore(config.runner);
  await using runner = createDockerRunner({
    config: { ...config.runner, tempDir: clusterDir },
    store,
    collectLogs: true,
  });
  runner.hostId = () => Promise.resolve("swarm/test");
  Object.defineProperty(runner, "capabilities", { value: { ...runner.capabilities, spansHosts: true } });
  const cluster = { managers: [], berthUrls: [] };
  await using composed = await composeServices(
    { ...config, runner: { ...config.runner, cluster } },
    { runner, store },
  );
  const stop = new AbortController();
  Deno.addSignalListener("SIGTERM", () => stop.abort(new DOMException("Ended by SIGTERM", "AbortError")));
  getLogger(["berth"]).info("service started", { instance });
  await composed.run(stop.signal);
}

if (import.meta.main) {
  try {
    await run();
    Deno.exit(0);
  } catch (error) {
    console.error(String(error));
    Deno.exit(1);
  }
}
