/**
 * The operations of the API: method, path, and who may call them. A client needs nothing else at run time, so this file
 * imports nothing; `contract.ts` describes requests and responses.
 *
 * @module
 */

/** The right that an operation needs. `open` operations need none. */
export type Role = "open" | "read" | "operate";

/** How to call an operation. */
export interface Operation {
  /** Method of the request. */
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path with parameters in braces, for example `/api/bots/{id}`. */
  readonly path: string;
  /** The right that the caller needs. */
  readonly role: Role;
}

/** The operations by id. */
export const OPERATIONS = {
  getHealth: { method: "GET", path: "/healthz", role: "open" },
  getReadiness: { method: "GET", path: "/readyz", role: "open" },
  scrapeMetrics: { method: "GET", path: "/metrics", role: "read" },

  listBots: { method: "GET", path: "/api/bots", role: "read" },
  getBot: { method: "GET", path: "/api/bots/{id}", role: "read" },
  putBot: { method: "PUT", path: "/api/bots/{id}", role: "operate" },
  deleteBot: { method: "DELETE", path: "/api/bots/{id}", role: "operate" },
  enableBot: { method: "POST", path: "/api/bots/{id}/enable", role: "operate" },
  disableBot: { method: "POST", path: "/api/bots/{id}/disable", role: "operate" },
  restartBot: { method: "POST", path: "/api/bots/{id}/restart", role: "operate" },
  // Guards.
  listLatches: { method: "GET", path: "/api/latches", role: "read" },
  getBotGuards: { method: "GET", path: "/api/bots/{id}/guards", role: "read" },
  replayGuard: { method: "GET", path: "/api/bots/{id}/guards/replay", role: "read" },
  releaseGuard: { method: "POST", path: "/api/bots/{id}/guards/{guard}/release", role: "operate" },
  // Code and deployments.
  getCode: { method: "GET", path: "/api/code/{id}/{version}/{build}", role: "read" },
  putCode: { method: "PUT", path: "/api/code/{id}/{version}", role: "operate" },
  pruneCode: { method: "POST", path: "/api/code/prune", role: "operate" },
  listVersions: { method: "GET", path: "/api/bots/{id}/versions", role: "read" },
  getDeployment: { method: "GET", path: "/api/deployments/{id}", role: "read" },
  buildDependencies: { method: "POST", path: "/api/deployments/dependencies", role: "operate" },
  deploy: { method: "POST", path: "/api/deployments", role: "operate" },
  getImage: { method: "GET", path: "/api/deployments/{id}/image", role: "read" },
  purge: { method: "DELETE", path: "/api/deployments/{id}/data", role: "operate" },
  // Revisions.
  listRevisions: { method: "GET", path: "/api/deployments/{id}/revisions", role: "read" },
  rollback: { method: "POST", path: "/api/deployments/{id}/rollback", role: "operate" },
  diffRevisions: { method: "GET", path: "/api/deployments/{id}/diff", role: "read" },
  getRevision: { method: "GET", path: "/api/deployments/{id}/revisions/{number}", role: "read" },
  // States.
  getState: { method: "GET", path: "/api/bots/{id}/state", role: "read" },
  getStateContent: { method: "GET", path: "/api/bots/{id}/state/content", role: "operate" },
  putStateContent: { method: "PUT", path: "/api/bots/{id}/state/content", role: "operate" },
  snapshotState: { method: "POST", path: "/api/bots/{id}/state/snapshots", role: "operate" },
  restoreState: { method: "POST", path: "/api/bots/{id}/state/restore", role: "operate" },
  // Logs.
  readLogs: { method: "GET", path: "/api/bots/{id}/logs", role: "read" },
  followLogs: { method: "GET", path: "/api/bots/{id}/logs/follow", role: "read" },
  searchLogs: { method: "GET", path: "/api/logs/search", role: "read" },
  getMetrics: { method: "GET", path: "/api/bots/{id}/metrics", role: "read" },
  getMetricRange: { method: "GET", path: "/api/bots/{id}/metrics/range", role: "read" },
  // Events and statistics.
  getOverview: { method: "GET", path: "/api/overview", role: "read" },
  streamEvents: { method: "GET", path: "/api/events", role: "read" },
  streamBotEvents: { method: "GET", path: "/api/bots/{id}/events", role: "read" },
  getStats: { method: "GET", path: "/api/stats", role: "read" },
  getBotStats: { method: "GET", path: "/api/bots/{id}/stats", role: "read" },
  getBotUsage: { method: "GET", path: "/api/bots/{id}/stats/history", role: "read" },
  // Schedules and runs.
  listSchedules: { method: "GET", path: "/api/schedules", role: "read" },
  getSchedule: { method: "GET", path: "/api/schedules/{id}", role: "read" },
  putSchedule: { method: "PUT", path: "/api/schedules/{id}", role: "operate" },
  deleteSchedule: { method: "DELETE", path: "/api/schedules/{id}", role: "operate" },
  enableSchedule: { method: "POST", path: "/api/schedules/{id}/enable", role: "operate" },
  disableSchedule: { method: "POST", path: "/api/schedules/{id}/disable", role: "operate" },
  runSchedule: { method: "POST", path: "/api/schedules/{id}/run", role: "operate" },
  getScheduleTimes: { method: "GET", path: "/api/schedules/{id}/next", role: "read" },
  listScheduleRuns: { method: "GET", path: "/api/schedules/{id}/runs", role: "read" },
  listTradingSessions: { method: "GET", path: "/api/trading-sessions", role: "read" },
  previewCron: { method: "GET", path: "/api/cron/next", role: "read" },
  listRuns: { method: "GET", path: "/api/runs", role: "read" },
  getRun: { method: "GET", path: "/api/runs/{runId}", role: "read" },
  getRunLog: { method: "GET", path: "/api/runs/{runId}/log", role: "read" },
  getRunResult: { method: "GET", path: "/api/runs/{runId}/result", role: "read" },
  // Backtests.
  startBacktest: { method: "POST", path: "/api/backtests", role: "operate" },
  listBacktests: { method: "GET", path: "/api/backtests", role: "read" },
  getBacktest: { method: "GET", path: "/api/backtests/{id}", role: "read" },
  getBacktestLog: { method: "GET", path: "/api/backtests/{id}/log", role: "read" },
  getBacktestResult: { method: "GET", path: "/api/backtests/{id}/result", role: "read" },
  cancelBacktest: { method: "POST", path: "/api/backtests/{id}/cancel", role: "operate" },
  // Nodes of a cluster.
  listNodes: { method: "GET", path: "/api/nodes", role: "read" },
  cordonNode: { method: "POST", path: "/api/nodes/{node}/cordon", role: "operate" },
  activateNode: { method: "POST", path: "/api/nodes/{node}/activate", role: "operate" },
  drainNode: { method: "POST", path: "/api/nodes/{node}/drain", role: "operate" },
  // Notifications.
  getNotifications: { method: "GET", path: "/api/notifications", role: "read" },
  listDeliveries: { method: "GET", path: "/api/notifications/deliveries", role: "read" },
  testChannel: { method: "POST", path: "/api/notifications/channels/{name}/test", role: "operate" },
  // The service, tokens and the audit.
  getService: { method: "GET", path: "/api/service", role: "read" },
  listAudit: { method: "GET", path: "/api/audit", role: "read" },
  getOpenApi: { method: "GET", path: "/api/openapi.json", role: "read" },
  getDocs: { method: "GET", path: "/api/docs", role: "read" },
  getHome: { method: "GET", path: "/", role: "read" },
  listSecrets: { method: "GET", path: "/api/secrets", role: "read" },
  putSecret: { method: "PUT", path: "/api/secrets/{name}", role: "operate" },
  deleteSecret: { method: "DELETE", path: "/api/secrets/{name}", role: "operate" },
  listTokens: { method: "GET", path: "/api/tokens", role: "operate" },
  createToken: { method: "POST", path: "/api/tokens", role: "operate" },
  revokeToken: { method: "DELETE", path: "/api/tokens/{id}", role: "operate" },
  createLoginCode: { method: "POST", path: "/api/login-codes", role: "read" },
  login: { method: "GET", path: "/login", role: "open" },
  logout: { method: "POST", path: "/api/logout", role: "read" },
  // The end of the table.
} as const satisfies Readonly<Record<string, Operation>>;

/** Id of an operation. */
export type OperationId = keyof typeof OPERATIONS;
