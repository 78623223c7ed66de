/**
 * The configuration of the demo's service.
 *
 * @module
 */

import { ALL_SEGMENTS } from "../../lib/runner/runner.ts";
import { parseServiceConfig, type ServiceConfig } from "../../services/config.ts";
import { sessionConfig } from "../session_config.ts";

/** Servers of the user's, which a demo leaves alone. */
const SERVERS = /^(MONGO|NATS|MINIO)_/;

/**
 * The user's engine, images and limits, with the embedded default: documents and objects are below the folder
 * of the demo's own instance, which goes with it.
 *
 * @param env The environment, as far as it is configuration.
 * @throws {InvalidConfigError} If the configuration is invalid; names every problem.
 */
export function demoConfig(env: Readonly<Record<string, string | undefined>>): ServiceConfig {
  const embedded = Object.fromEntries(Object.entries(env).filter(([name]) => !SERVERS.test(name)));
  const config = parseServiceConfig(embedded);
  const runner = sessionConfig(embedded, "demo");
  const dataDir = `${runner.tempDir}/${runner.instance}/data`;
  return {
    ...config,
    runner: { ...runner, dataDir },
    segment: ALL_SEGMENTS,
    // What becomes of the bots is shown; of the log only what is not about one of them.
    ...(!env.LOG_LEVEL && { logLevel: "error" as const }),
  };
}
