/**
 * The API as a function from requests to responses.
 *
 * @module
 */

import { guardHandlers } from "./guard_handlers.ts";
import { nodeHandlers } from "./node_handlers.ts";
import { NodeDrainer } from "./node_drainer.ts";
import { notificationHandlers } from "./notification_handlers.ts";
import { Hono } from "hono";
import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { Access } from "./access.ts";
import { allowedMethods } from "./allowed_methods.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import { Audit } from "./audit.ts";
import { botHandlers } from "./bot_handlers.ts";
import { backtestHandlers } from "./backtest_handlers.ts";
import { codeHandlers } from "./code_handlers.ts";
import { addDashboard } from "./dashboard_routes.ts";
import { DrainRecords } from "./drain_records.ts";
import { Deployer } from "./deployer.ts";
import { DeploymentWatch } from "./deployment_watch.ts";
import { deploymentHandlers } from "./deployment_handlers.ts";
import { DocumentWriter } from "./document_writer.ts";
import { EventFeed } from "./event_feed.ts";
import { imageHandlers } from "./image_handlers.ts";
import { encryptedSecretHandlers } from "./encrypted_secret_handlers.ts";
import { eventHandlers } from "./event_handlers.ts";
import { ExitHistory } from "../bots/exit_history.ts";
import { stateHandlers } from "./state_handlers.ts";
import { statsHandlers } from "./stats_handlers.ts";
import { listDocuments } from "./listed_documents.ts";
import { overviewHandlers } from "./overview_handlers.ts";
import { Forwarder } from "./forwarder.ts";
import { askLeader } from "./leader_pass.ts";
import { PeerPasses } from "./peer_passes.ts";
import { endWhenRevoked } from "./end_when_revoked.ts";
import type { Handlers } from "./handlers.ts";
import { healthHandlers } from "./health_handlers.ts";
import { loginPage } from "./login_page.ts";
import { Idempotency } from "./idempotency.ts";
import { logHandlers } from "./log_handlers.ts";
import { addOperations, type ApiEnv, type Around } from "./operation_routes.ts";
import { problemResponse } from "./problem_response.ts";
import { revisionHandlers } from "./revision_handlers.ts";
import { rollBack } from "./rollback.ts";
import { runHandlers } from "./run_handlers.ts";
import { scheduleHandlers } from "./schedule_handlers.ts";
import { serviceHandlers } from "./service_handlers.ts";
import { sharedLook } from "./shared_look.ts";
import { sessionHandlers } from "./session_handlers.ts";
import { Sessions } from "./sessions.ts";
import { Tokens } from "./tokens.ts";
import { tradingSessionHandlers } from "./trading_session_handlers.ts";
import { openVersionTools } from "./version_tools.ts";

/** Where a request comes in. */
export type Entrance = "unix" | "tcp";

/** Answers a request. @param request The request. @param entrance Where it came in. @param from The client's address. */
export type AnswerRequest = (request: Request, entrance: Entrance, from: string) => Promise<Response>;

/** The API. Disposing ends what it holds for its clients. */
export type ApiApp = AnswerRequest & Disposable;

/** Decides which requests come in, and as whose. */
export type Gate =
  & Pick<Access, "admit" | "countFailure" | "cookie" | "knows">
  & Partial<Pick<Access, "sessionIn">>;

/** Headers of every response. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
};

/**
 * Builds the API.
 *
 * @param parts The parts that it uses.
 * @param gate Admits callers. @default {unix socket, tokens and sessions}
 */
export function createApiApp(parts: ApiParts, gate?: Gate): ApiApp {
  const log = getLogger(["berth", "api"]);
  const app = new Hono<ApiEnv & { Bindings: { entrance: Entrance; from: string } }>();
  const { records, clock, tcp } = parts;
  const tokens = new Tokens(records, clock);
  const sessions = new Sessions(records, clock);
  const passes = new PeerPasses(records, clock);
  const access = gate ?? new Access({ tokens, sessions, passes, clock, ...(tcp && { tcp }) });
  const audit = new Audit(records, clock, parts.settings.auditMaxAgeMs);
  const idempotency = new Idempotency(records, clock);
  app.use(async (context, next) => {
    const { req, env: { entrance, from } } = context;
    const caller = await access.admit(req.raw, entrance, from);
    if (caller) context.set("caller", caller);
    await next();
  });
  const versions = openVersionTools(parts);
  const writer = new DocumentWriter({ ...parts, ...versions });
  const deployer = new Deployer({ ...parts, ...versions, writer });
  const history = { ...parts, ...versions, writer, deployer };
  const isServing = () =>
    parts.process?.serving().some(({ service, serves }) => service === "bots" && serves) ?? true;
  const watch = parts.botService && new DeploymentWatch({
    ...history,
    botService: parts.botService,
    isServing,
    rollBack: (id, options) => rollBack(id, history, options),
  });
  const { botService, runner: { nodes } } = parts;
  const drainer = botService && nodes && new NodeDrainer({
    ...history,
    botService,
    nodes,
    isServing,
    drains: new DrainRecords(records),
  });
  const logs = logHandlers(parts);
  const exits = new ExitHistory(parts.records);
  if (parts.botService) exits.watch(parts.botService.state, parts.bots);
  const look = sharedLook(parts);
  const listBots = listDocuments(parts);
  const handlers: Handlers = {
    ...healthHandlers(parts, look),
    ...botHandlers(parts, { ...versions, writer, exits, listDocuments: listBots }),
    // Code and deployments.
    ...codeHandlers(parts, versions),
    ...deploymentHandlers(history, deployer, watch),
    ...imageHandlers(parts),
    // Revisions.
    ...revisionHandlers(parts, { ...versions, writer, deployer }),
    // States.
    ...stateHandlers(parts),
    // Logs.
    ...logs.handlers,
    // Events and statistics.
    ...eventHandlers(new EventFeed(parts)),
    ...statsHandlers(parts),
    ...overviewHandlers(parts, exits, listBots),
    // Schedules and runs.
    ...scheduleHandlers(parts, { ...versions, writer }),
    ...runHandlers(parts),
    ...tradingSessionHandlers(parts, listBots),
    // Backtests.
    ...backtestHandlers(parts, versions.hashes),
    // Guards.
    ...guardHandlers(parts),
    // Nodes of a cluster.
    ...nodeHandlers(parts, () => drainer?.wake()),
    // Notifications.
    ...notificationHandlers(parts),
    // The service, tokens and the audit.
    ...serviceHandlers(parts, audit, look),
    ...sessionHandlers({ tokens, sessions, access, clock, tcp }),
    // Secrets.
    ...encryptedSecretHandlers(parts.secrets),
    // The end of the table.
  };
  // A repetition changes nothing, so the audit is inside.
  const around: Around = (operation, request, next) =>
    idempotency.around(operation, request, () => audit.around(operation, request, next));
  const forwarder = parts.peers && new Forwarder(parts.peers, passes);
  const leader = forwarder && askLeader({ ...parts, leaders: parts.peers!.leaders, forwarder });
  addOperations(
    app as unknown as Hono<ApiEnv>,
    handlers,
    around,
    leader && ((operation, { req, get }) => {
      const caller = get("caller");
      if (!caller) return Promise.resolve({});
      const session = caller.sessionId === undefined ? undefined : access.sessionIn?.(req.raw);
      return leader({ operation, request: req.raw, caller, session }, req.param("id"));
    }),
  );
  addDashboard(app);
  app.notFound(({ req, get }) => {
    if (!get("caller")) throw unauthenticated();
    const { pathname } = new URL(req.url);
    const allow = allowedMethods(pathname).join(", ");
    if (allow === "") {
      throw new ApiProblem(404, "route/not-found", `There is nothing at ${req.method} ${pathname}.`);
    }
    if (req.method === "OPTIONS") return new Response(null, { status: 204, headers: { allow } });
    throw new ApiProblem(405, "route/method", `${pathname} takes ${allow}, and not ${req.method}.`, {
      headers: { allow },
    });
  });
  app.onError((error, { req }) => {
    const { response, isDefect } = problemResponse(error);
    if (isDefect) {
      log.error("request failed", {
        method: req.method,
        path: req.path,
        problem: messageOf(error),
        stack: error.stack,
      });
    }
    return response;
  });
  const answer = async (request: Request, entrance: Entrance, from: string) => {
    const isHead = request.method === "HEAD";
    // Hono would drop the body of a HEAD, and a stream behind it would go on forever.
    const { url, headers, signal } = request;
    const asked = isHead ? new Request(url, { headers, signal }) : request;
    let response = await app.fetch(asked, { entrance, from });
    if (isHead) {
      await response.body?.cancel();
      response = new Response(null, response);
    }
    if (response.status === 401 && entrance === "tcp") {
      try {
        access.countFailure(from);
      } catch (error) {
        response = problemResponse(error).response;
      }
    }
    if (response.status === 401 && wantsPage(request)) response = loginPage(response.headers);
    if (entrance === "tcp" && isStream(response)) {
      response = endWhenRevoked(response, () => access.knows(request, from));
    }
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      if (!response.headers.has(name)) response.headers.set(name, value);
    }
    return response;
  };
  return Object.assign(answer, {
    [Symbol.dispose]() {
      watch?.[Symbol.dispose]();
      drainer?.[Symbol.dispose]();
      forwarder?.[Symbol.dispose]();
      logs[Symbol.dispose]();
    },
  });
}

function isStream({ headers, body }: Response): boolean {
  const type = headers.get("content-type") ?? "";
  return body !== null && (type.startsWith("text/event-stream") || type.startsWith("application/x-ndjson"));
}

function wantsPage({ method, headers }: Request): boolean {
  return method === "GET" && /\btext\/html\b/.test(headers.get("accept") ?? "");
}

/** Without a token nobody learns which paths exist. */
function unauthenticated(): ApiProblem {
  return new ApiProblem(401, "auth/missing", "The request has no valid token.", {
    headers: { "www-authenticate": 'Bearer realm="berth"' },
  });
}
