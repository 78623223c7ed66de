/**
 * Answers a deployment: what is deployed now, and what a person should know about it.
 *
 * @module
 */

import type { Deployed, DeploymentRequest } from "../contract/code.ts";
import { describeCron } from "../cron/describe_cron.ts";
import { nextRun } from "../cron/trading_days.ts";
import { type DocumentRules, parseBotDocument } from "../documents/bot_document.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { parseScheduleDocument } from "../schedules/schedule_document.ts";
import type { ApiParts } from "./api_parts.ts";
import { revisionOf } from "./deployed_revision.ts";
import type { DocumentKind } from "./document_writer.ts";
import { idsOfOrigin } from "./same_origin.ts";

/** Number of coming times of a schedule that an answer holds. */
const NEXT_TIMES = 3;

/** The outcome of a deployment. */
export interface DeployedNow {
  /** Kind of the document. */
  readonly kind: DocumentKind;
  /** The document. */
  readonly document: BotDocument;
  /** Whether nothing was deployed under the id before. */
  readonly isNew: boolean;
  /** Whether the deployment changed nothing. */
  readonly isUnchanged: boolean;
}

/**
 * Makes the answer.
 *
 * @param request The deployment.
 * @param now The outcome of a deployment.
 * @param parts The dependencies of the API.
 * @param signal Cancels the call.
 */
export async function deployedAnswer(
  { id, version, filePath, origin }: DeploymentRequest,
  { kind, document, isNew, isUnchanged }: DeployedNow,
  { bots, schedules, botService, scheduleService, clock, settings }: Pick<
    ApiParts,
    "bots" | "schedules" | "botService" | "scheduleService" | "clock" | "settings"
  >,
  signal: AbortSignal,
): Promise<Deployed> {
  const { enabled } = parseBotDocument(document);
  return {
    id,
    kind: kind === "bots" ? "bot" : "schedule",
    enabled,
    version,
    filePath,
    revision: revisionOf(document),
    configDisables: document.enabled !== false && !enabled,
    isNew,
    isUnchanged,
    ...(kind === "schedules" && timesOf(document, clock.now(), settings)),
    sameOrigin: origin !== undefined && isNew ? await idsOfOrigin([bots, schedules], id, origin, signal) : [],
    isServed: (kind === "bots" ? botService : scheduleService) !== undefined,
  };
}

function timesOf(
  document: BotDocument,
  now: number,
  rules: DocumentRules,
): Pick<Deployed, "schedule" | "nextTimes"> {
  const parsed = parseScheduleDocument(document, undefined, rules);
  if (parsed.status === "invalid") return {};
  const { cron } = parsed;
  const times: string[] = [];
  for (
    let at = nextRun(cron, Math.floor(now / 1000));
    at !== undefined && times.length < NEXT_TIMES;
    at = nextRun(cron, at)
  ) {
    times.push(new Date(at * 1000).toISOString());
  }
  return { schedule: describeCron(cron), nextTimes: times };
}
