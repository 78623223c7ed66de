/**
 * Asks a Docker Engine about itself.
 *
 * @module
 */

import type { EngineInfo } from "../container_orchestrator.ts";
import { isInfo, isVersion, storageOf, unenforcedLimits } from "./dockerode_answers.ts";
import type { DockerodeClient, EngineRequestOptions } from "./dockerode_client.ts";
import { expectShape } from "./dockerode_errors.ts";

/** Reads version, host and storage of an engine. */
export async function readEngineInfo(
  client: Pick<DockerodeClient, "call">,
  options: EngineRequestOptions,
): Promise<EngineInfo> {
  const what = "ask the engine for its version";
  const [version, info] = await Promise.all([
    client.call({ what, method: "GET", path: "/version" }, options),
    client.call({ what, method: "GET", path: "/info" }, options),
  ]);
  const { Version, ApiVersion, Os, Arch } = expectShape(what, version.value, isVersion);
  const { ID = "", Name = "", DockerRootDir = "", MemTotal, NCPU, ...rest } = expectShape(
    what,
    info.value,
    isInfo,
  );
  return {
    id: ID,
    dataDir: DockerRootDir,
    hostName: Name,
    version: Version,
    apiVersion: ApiVersion,
    platform: `${Os}/${Arch}`,
    memoryBytes: MemTotal,
    cpus: NCPU,
    storage: storageOf(rest),
    unenforced: unenforcedLimits(rest),
  };
}
