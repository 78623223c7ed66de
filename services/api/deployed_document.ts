/**
 * Makes the document of a deployment.
 *
 * @module
 */

import type { CodeDependencies } from "../../lib/executable/code_dependencies.ts";
import { withoutMember } from "../../lib/util/json_member.ts";
import { jsonTextProblem } from "../../lib/util/json_check.ts";
import { parseExactJson } from "../../lib/util/exact_json.ts";
import type { DeploymentRequest } from "../contract/code.ts";
import { BERTH_KEY } from "../documents/berth_settings.ts";
import { type DocumentRules, parseBotDocument } from "../documents/bot_document.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { CONFIG_TEXT } from "../documents/config_text.ts";
import { field, isObject } from "../documents/document_fields.ts";
import { enablingFields } from "../documents/enabling_fields.ts";
import type { PinnedImage } from "../documents/pinned_image.ts";
import { FACTS_KEY } from "../documents/deployed_facts.ts";
import { defaultRestartMode } from "../documents/restart_mode.ts";
import { parseScheduleDocument } from "../schedules/schedule_document.ts";
import { ApiProblem } from "./api_problem.ts";

/** Input for a document besides the request. */
export interface DeployedDocumentOptions {
  /** The document to replace. */
  readonly before: BotDocument | undefined;
  /** Segment of a new document. */
  readonly segment: number;
  /** The bounds of a bot's limits, and the trading calendars. */
  readonly rules?: DocumentRules;
  /** SHA-256 of the archive in hexadecimal digits. @default {it is not noted} */
  readonly archiveSha256?: string;
  /** The image that its tag stands for. @default {its tag is not pinned} */
  readonly image?: PinnedImage;
  /** The dependencies that were built for the code. @default {nothing} */
  readonly dependencies?: CodeDependencies;
  /** Current time in ms since the epoch. */
  readonly now: number;
}

/**
 * Makes the document: `{ id, segment_id, enabled, config, config_text, custom }`.
 *
 * @param request The deployment.
 * @param options The document before, and the time.
 * @returns The document, which the service can run.
 * @throws {ApiProblem} 422 if the service could not run it; names every problem.
 */
export function deployedDocument(
  request: DeploymentRequest,
  { before, segment, archiveSha256, dependencies, image, now, rules }: DeployedDocumentOptions,
): BotDocument {
  const { id, filePath, name, description, version, author, type, runtime, schedule, entrypoints, origin } =
    request;
  const updatedAt = new Date(now).toISOString();
  const custom = before && field(before, "custom");
  const createdAt = isObject(custom) ? field(custom, "createdAt") : undefined;
  // Documents that were deployed before this default existed keep theirs.
  const restart = before ? defaultRestartMode(custom) : schedule === undefined ? "on-failure" : undefined;
  const facts = {
    ...(restart !== undefined && { restart }),
    ...(archiveSha256 !== undefined && { archiveSha256 }),
    ...(dependencies && { dependencies }),
    ...(image && { image }),
  };
  const document = {
    id,
    segment_id: before?.segment_id ?? segment,
    // New code must not start a bot that somebody has disabled.
    enabled: request.enabled ?? before?.enabled !== false,
    config: configOf(request),
    [CONFIG_TEXT]: withoutMember(request.config, BERTH_KEY),
    custom: {
      version,
      filePath,
      createdAt: createdAt ?? updatedAt,
      updatedAt,
      config: {
        name,
        ...(description !== undefined && { description }),
        runtime,
        version,
        ...(author !== undefined && { author }),
        ...(type !== undefined && { type }),
        entrypoints,
        ...(origin !== undefined && { metadata: { origin } }),
      },
      ...(Object.keys(facts).length > 0 && { [FACTS_KEY]: facts }),
    },
  };
  const parsed = schedule === undefined
    ? parseBotDocument(document, rules)
    : parseScheduleDocument(document, id, rules);
  // The caller knows its request, not the paths in the document.
  if (parsed.status === "invalid") {
    throw refuse(
      id,
      parsed.reason.replaceAll(/\b(?:custom\.config\.|config\.berth\.|config\.(?=schedule\b))/g, ""),
    );
  }
  return request.enabled === true ? { ...document, ...enablingFields(document, true) } : document;
}

/** The configuration overrides the folder's description, because it is the file that people change. */
function configOf(request: DeploymentRequest): Record<string, unknown> {
  const { schedule, settings } = request;
  const config = parseConfig(request);
  const own = field(config, BERTH_KEY);
  const berth = isObject(own) ? { ...settings, ...own } : own ?? settings;
  return {
    ...(schedule !== undefined && { schedule }),
    ...config,
    ...((own !== undefined || Object.keys(settings).length > 0) && { [BERTH_KEY]: berth }),
  };
}

/** The configuration may hold secrets: no message shows its content. */
function parseConfig({ id, config }: DeploymentRequest): Record<string, unknown> {
  const wrong = jsonTextProblem(config);
  if (wrong !== undefined) throw refuse(id, `config: is not JSON: ${wrong}`);
  const value = parseExactJson(config);
  if (!isObject(value)) throw refuse(id, "config: must be a JSON object");
  return { ...value };
}

function refuse(id: string, reason: string): ApiProblem {
  return new ApiProblem(422, "deployment/invalid", `'${id}' cannot be deployed: ${reason}.`);
}
