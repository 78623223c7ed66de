/**
 * The configuration of the demo's service.
 *
 * @module
 */

import { ALL_SEGMENTS } from "../../lib/runner/runner.ts";
import { parseServiceConfig, type ServiceConfig } from "../../services/config.ts";
import { sessionConfig } from "../session_config.ts";

/** Variables of the user's servers, which the demo leaves alone. */
const SERVERS = /^(MONGO|NATS|MINIO)_/;

/**
 * Combines the user's engine, images and limits with the embedded default. Documents and objects live in the
 * folder of the demo's own instance, which is removed at the end.
 *
 * @param env The environment variables that are configuration.
 * @throws {InvalidConfigError} If the configuration is invalid; names every problem.
 */
export function demoConfig(env: Readonly<Record<string, string | undefined>>): ServiceConfig {
  const embedded = Object.fromEntries(Object.entries(env).filter(([name]) => !SERVERS.test(name)));
  // The port is the user's service's; the demo speaks to its own one through the socket.
  const { http: _http, ...config } = parseServiceConfig(embedded);
  const runner = sessionConfig(embedded, "demo");
  const dataDir = `${runner.tempDir}/${runner.instance}/data`;
  return {
    ...config,
    runner: { ...runner, dataDir },
    segment: ALL_SEGMENTS,
    // The demo shows the bots' conditions itself, so the log only reports errors.
    ...(!env.LOG_LEVEL && { logLevel: "error" as const }),
  };
}
