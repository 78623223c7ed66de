/**
 * Deploys stored archives as bots and schedules.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import type { CodeDependencies } from "../../lib/executable/code_dependencies.ts";
import type { BuildDependenciesOptions, BuiltDependencies } from "../../lib/runner/runner.ts";
import { runtimeOf } from "../../lib/executable/code_entrypoint_factory.ts";
import { specHash } from "../../lib/runner/spec_hash.ts";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import { describeCron } from "../cron/describe_cron.ts";
import type { Deployed, DeploymentRequest } from "../contract/code.ts";
import { parseBotDocument } from "../documents/bot_document.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { CONFIG_TEXT } from "../documents/config_text.ts";
import { field, isObject } from "../documents/document_fields.ts";
import { newFieldsFor } from "../documents/refused_change.ts";
import type { PinnedImage } from "../documents/pinned_image.ts";
import { parseScheduleDocument } from "../schedules/schedule_document.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import type { ArchiveRetention } from "./archive_retention.ts";
import { deployedDocument, type DeployedDocumentOptions } from "./deployed_document.ts";
import { type DocumentKind, type DocumentWriter, otherKind } from "./document_writer.ts";
import { inspectStoredArchive } from "./inspect_stored_archive.ts";
import { notedArchiveHash, storedArchiveHash } from "./stored_archive_hash.ts";
import { idsOfOrigin } from "./same_origin.ts";
import type { VersionTools } from "./version_tools.ts";

/** Number of coming times of a schedule that an answer holds. */
const NEXT_TIMES = 3;

/** What is deployed under an id. */
export interface FoundDeployment {
  /** Kind of the document. */
  readonly kind: DocumentKind;
  /** The document. */
  readonly document: BotDocument;
}

/** Parts of a {@linkcode Deployer}. */
export interface DeployerParts extends ApiParts, Pick<VersionTools, "revisions" | "watches"> {
  /** Writes the documents. */
  readonly writer: DocumentWriter;
  /** Removes archives that nothing needs. */
  readonly retention: ArchiveRetention;
}

/** Deploys one after the other of an id: a deployment happens whole or not at all. */
export class Deployer {
  readonly #parts: DeployerParts;
  readonly #turns = new KeyedMutex();

  /** @param parts What it works with. */
  constructor(parts: DeployerParts) {
    this.#parts = parts;
  }

  /**
   * Reads what is deployed under an id.
   *
   * @param id The id.
   * @param signal Gives up.
   */
  async find(id: string, signal: AbortSignal): Promise<FoundDeployment | undefined> {
    for (const kind of ["bots", "schedules"] as const) {
      const document = await this.#parts[kind].get(id, { signal });
      if (document) return { kind, document };
    }
    return undefined;
  }

  /**
   * Deploys an archive. The document is written last, in one piece; older archives are removed after that.
   *
   * @param request What to deploy.
   * @param actor Who deploys.
   * @param signal Gives up.
   * @throws {ApiProblem} 409 if the id is of the other kind, the archive is not stored, or another deployment was faster;
   * 422 if the service could not run it.
   * @throws {InvalidArchiveError} If a start would refuse the archive.
   */
  deploy(request: DeploymentRequest, actor: string, signal: AbortSignal): Promise<Deployed> {
    const { watchSeconds, schedule } = request;
    if (watchSeconds !== undefined && schedule !== undefined) {
      throw new ApiProblem(
        422,
        "deployment/invalid",
        "A schedule cannot be watched: only a bot runs all the time.",
      );
    }
    return this.#turns.run(request.id, async () => {
      const deployed = await this.#deploy(request, signal);
      if (watchSeconds !== undefined && !request.dryRun) {
        await this.#watch(request.id, watchSeconds, actor, signal);
      }
      return deployed;
    });
  }

  async #watch(id: string, seconds: number, actor: string, signal: AbortSignal): Promise<void> {
    const { watches, revisions, clock } = this.#parts;
    const latest = await revisions.latest(id, { signal });
    if (!latest) return;
    const from = new Date(clock.now()).toISOString();
    const until = new Date(clock.now() + seconds * 1000).toISOString();
    await watches.begin(id, { revision: latest.number, from, until, actor, state: "watching" }, { signal });
  }

  /**
   * Does work while nothing is deployed under an id.
   *
   * @param id The id.
   * @param work The work.
   */
  exclusive<T>(id: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.run(id, work);
  }

  async #deploy(request: DeploymentRequest, signal: AbortSignal): Promise<Deployed> {
    const { writer, settings, clock, retention } = this.#parts;
    const { id, filePath, base, dryRun } = request;
    const kind: DocumentKind = request.schedule === undefined ? "bots" : "schedules";
    const found = await this.find(id, signal);
    if (found && found.kind !== kind) throw otherKind(id, found.kind);
    const make = (
      before: BotDocument | undefined,
      facts: Pick<DeployedDocumentOptions, "archiveSha256" | "dependencies" | "image"> = {},
    ) => {
      requireBase(id, before, base);
      const segment = newFieldsFor(settings.segment).segment_id as number;
      return deployedDocument(request, {
        before,
        segment,
        now: clock.now(),
        bounds: settings.bounds,
        ...facts,
      });
    };
    // Problems of the request are reported before the archive and the image are looked at.
    const plain = make(found?.document);
    const image = await this.#pinImage(plain, signal);
    if (!dryRun) {
      retention.claim(filePath);
      await this.#requireArchive(request, signal);
      await this.#requireProgram(plain, signal);
    }
    const dependencies = dryRun
      ? knownDependencies(found?.document, filePath)
      : (await this.#build(request, plain, { signal })).dependencies;
    const archiveSha256 = await this.#archiveHash(found?.document, request, signal);
    const facts = {
      ...(archiveSha256 !== undefined && { archiveSha256 }),
      ...(dependencies && { dependencies }),
      ...(image && { image }),
    };
    const wanted = make(found?.document, facts);
    const isUnchanged = found !== undefined && isSame(found.document, wanted);
    if (isUnchanged || dryRun) {
      const document = isUnchanged ? found.document : wanted;
      return await this.#answer(request, kind, document, found, isUnchanged, signal);
    }
    const { document } = await writer.change(kind, id, (before) => ({
      type: before ? "updated" : "created",
      document: make(before, facts),
    }), { signal });
    retention.release(filePath);
    await retention.pruneQuietly(id, signal);
    return await this.#answer(request, kind, document!, found, false, signal);
  }

  /** The archive of a dry run need not be stored. */
  async #archiveHash(
    document: BotDocument | undefined,
    { filePath: key, dryRun }: DeploymentRequest,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { store, settings: { buckets } } = this.#parts;
    const noted = notedArchiveHash(document, key);
    if (noted !== undefined || dryRun) return noted;
    return await storedArchiveHash({ store, bucket: buckets.code, key, signal });
  }

  /** Finds out what the image of a document stands for now. @throws {ImageUnavailableError} If nobody has it. */
  async #pinImage(document: BotDocument, signal: AbortSignal): Promise<PinnedImage | undefined> {
    const parsed = parseBotDocument(document);
    const name = parsed.status === "valid" ? parsed.executable.image : undefined;
    if (name === undefined) return undefined;
    return { name, reference: (await this.#parts.runner.resolveImage(name, { signal })).reference };
  }

  /** Only the content of a program shows whether it can run. @throws {InvalidArchiveError} If it cannot. */
  async #requireProgram(document: BotDocument, signal: AbortSignal): Promise<void> {
    const parsed = parseBotDocument(document);
    if (parsed.status === "invalid" || !runtimeOf(parsed.executable).isBinary) return;
    await this.#parts.runner.checkCode(parsed.executable, { signal });
  }

  /**
   * Builds what the archive of a request needs, so that the deployment finds it.
   *
   * @param request What is to be deployed.
   * @param options Hears the lines of the build; gives up.
   * @throws {ApiProblem} As {@linkcode deploy}. @throws {DependencyError} If the build fails.
   */
  async build(
    request: DeploymentRequest,
    options: Required<Pick<BuildDependenciesOptions, "onLine" | "signal">>,
  ): Promise<BuiltDependencies> {
    const { settings, clock } = this.#parts;
    const segment = newFieldsFor(settings.segment).segment_id as number;
    const document = deployedDocument(request, {
      before: undefined,
      segment,
      now: clock.now(),
      bounds: settings.bounds,
    });
    await this.#requireArchive(request, options.signal);
    return await this.#build(request, document, options);
  }

  async #build(
    { entrypoints: { bot, backtest }, build }: DeploymentRequest,
    document: BotDocument,
    options: Pick<BuildDependenciesOptions, "onLine" | "signal">,
  ): Promise<BuiltDependencies> {
    const parsed = parseBotDocument(document);
    if (!build || parsed.status === "invalid") return {};
    const { executable, settings: { allowSourceBuilds = false, buildSecrets = {} } } = parsed;
    const entrypointFiles = { bot, ...(backtest !== undefined && { backtest }) };
    return await this.#parts.runner.buildDependencies({ ...executable, entrypointFiles }, {
      ...options,
      allowSourceBuilds,
      secrets: buildSecrets,
    });
  }

  async #requireArchive({ filePath, entrypoints }: DeploymentRequest, signal: AbortSignal): Promise<void> {
    const { store, settings: { buckets, archiveLimits } } = this.#parts;
    const { query: _query, ...scripts } = entrypoints;
    await inspectStoredArchive({
      store,
      bucket: buckets.code,
      key: filePath,
      limits: archiveLimits,
      scripts: Object.values(scripts),
      signal,
    });
  }

  async #answer(
    request: DeploymentRequest,
    kind: DocumentKind,
    document: BotDocument,
    found: FoundDeployment | undefined,
    isUnchanged: boolean,
    signal: AbortSignal,
  ): Promise<Deployed> {
    const { bots, schedules, botService, scheduleService, clock } = this.#parts;
    const { id, version, filePath, origin } = request;
    const { enabled } = parseBotDocument(document);
    const isNew = found === undefined;
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
      ...(kind === "schedules" && timesOf(document, clock.now())),
      sameOrigin: origin !== undefined && isNew
        ? await idsOfOrigin([bots, schedules], id, origin, signal)
        : [],
      isServed: (kind === "bots" ? botService : scheduleService) !== undefined,
    };
  }
}

/**
 * Identifies what a deployment has written: other fields of the document, such as those of other programs, do not count.
 *
 * @param document The document.
 */
export function revisionOf(document: BotDocument): string {
  return specHash({ config: document.config, text: document[CONFIG_TEXT], custom: document.custom });
}

/** What was built for an archive, if the document is of the same archive: a dry run builds nothing. */
function knownDependencies(
  document: BotDocument | undefined,
  filePath: string,
): CodeDependencies | undefined {
  const parsed = document && parseBotDocument(document);
  if (parsed?.status !== "valid" || parsed.executable.filePath !== filePath) return undefined;
  return parsed.executable.dependencies;
}

/** Returns the key of a document's archive. @param document The document. */
export function filePathOf(document: BotDocument | undefined): string | undefined {
  const custom = document && field(document, "custom");
  const path = isObject(custom) ? field(custom, "filePath") : undefined;
  return typeof path === "string" ? path : undefined;
}

function requireBase(id: string, before: BotDocument | undefined, base: string | null | undefined): void {
  if (base === undefined || (before ? revisionOf(before) : null) === base) return;
  throw new ApiProblem(
    409,
    "deployment/overtaken",
    `Somebody else has deployed, changed or removed '${id}' meanwhile.`,
    {
      advice: "Deploy again.",
    },
  );
}

/**
 * Whether the stored document already has everything that a deployment writes, except for the time. Other fields belong
 * to other programs.
 */
function isSame(before: BotDocument, now: BotDocument): boolean {
  const written = Object.fromEntries(Object.keys(now).map((name) => [name, field(before, name)]));
  return isDeepStrictEqual(withoutTime(written), withoutTime(now));
}

function withoutTime(document: Record<string, unknown>): unknown {
  const exact = (_key: string, value: unknown) => typeof value === "bigint" ? `${value}n` : value;
  const plain = JSON.parse(JSON.stringify(document, exact));
  if (isObject(plain.custom)) delete (plain.custom as Record<string, unknown>).updatedAt;
  return plain;
}

function timesOf(document: BotDocument, now: number): Pick<Deployed, "schedule" | "nextTimes"> {
  const parsed = parseScheduleDocument(document);
  if (parsed.status === "invalid") return {};
  const { cron } = parsed;
  const times: string[] = [];
  for (
    let at = cron.next(Math.floor(now / 1000));
    at !== undefined && times.length < NEXT_TIMES;
    at = cron.next(at)
  ) {
    times.push(new Date(at * 1000).toISOString());
  }
  return { schedule: describeCron(cron), nextTimes: times };
}
