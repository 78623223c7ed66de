/**
 * Deploys stored archives as bots and schedules.
 *
 * @module
 */

import type { CodeDependencies } from "../../lib/executable/code_dependencies.ts";
import type { BuildDependenciesOptions, BuiltDependencies } from "../../lib/runner/runner.ts";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import type { Deployed, DeploymentRequest } from "../contract/code.ts";
import { parseBotDocument } from "../documents/bot_document.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { newFieldsFor } from "../documents/refused_change.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import type { ArchiveRetention } from "./archive_retention.ts";
import { deployedAnswer } from "./deployed_answer.ts";
import { deployedDocument, type DeployedDocumentOptions } from "./deployed_document.ts";
import { isSameDeployment, revisionOf } from "./deployed_revision.ts";
import { DeploymentCode } from "./deployment_code.ts";
import { type DocumentKind, type DocumentWriter, otherKind } from "./document_writer.ts";
import type { VersionTools } from "./version_tools.ts";

/** The deployment of an id. */
export interface FoundDeployment {
  /** Kind of the document. */
  readonly kind: DocumentKind;
  /** The document. */
  readonly document: BotDocument;
}

/** Parts of a {@linkcode Deployer}. */
export interface DeployerParts extends ApiParts, Pick<VersionTools, "revisions" | "watches" | "hashes"> {
  /** Writes the documents. */
  readonly writer: DocumentWriter;
  /** Removes archives that nothing needs. */
  readonly retention: ArchiveRetention;
}

/** The facts about the code in a document. */
type DocumentFacts = Pick<DeployedDocumentOptions, "archiveSha256" | "dependencies" | "image">;

/** Runs the deployments of an id one after the other: each happens completely or not at all. */
export class Deployer {
  readonly #parts: DeployerParts;
  readonly #code: DeploymentCode;
  readonly #turns = new KeyedMutex();

  /** @param parts The parts that it uses. */
  constructor(parts: DeployerParts) {
    this.#parts = parts;
    this.#code = new DeploymentCode(parts);
  }

  /**
   * Reads what is deployed under an id.
   *
   * @param id The id.
   * @param signal Cancels the call.
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
   * @param request The deployment.
   * @param actor The caller who deploys.
   * @param signal Cancels the call.
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
    const { writer, retention } = this.#parts;
    const { id, filePath, base, dryRun } = request;
    const kind: DocumentKind = request.schedule === undefined ? "bots" : "schedules";
    const found = await this.find(id, signal);
    if (found && found.kind !== kind) throw otherKind(id, found.kind);
    const make = (before: BotDocument | undefined, facts?: DocumentFacts) => {
      requireBase(id, before, base);
      return this.#documentOf(request, before, facts);
    };
    // Problems of the request are reported before the archive and the image are looked at.
    const plain = make(found?.document);
    if (!dryRun) retention.claim(filePath);
    const facts = await this.#factsOf(request, plain, found?.document, signal);
    const wanted = make(found?.document, facts);
    const isUnchanged = found !== undefined && isSameDeployment(found.document, wanted);
    const answer = (document: BotDocument) =>
      deployedAnswer(request, { kind, document, isNew: !found, isUnchanged }, this.#parts, signal);
    if (isUnchanged) return await answer(found.document);
    if (dryRun) return await answer(wanted);
    const { document } = await writer.change(kind, id, (before) => ({
      type: before ? "updated" : "created",
      document: make(before, facts),
    }), { signal });
    retention.release(filePath);
    await retention.pruneQuietly(id, signal);
    return await answer(document!);
  }

  #documentOf(
    request: DeploymentRequest,
    before: BotDocument | undefined,
    facts: DocumentFacts = {},
  ): BotDocument {
    const { settings, clock } = this.#parts;
    const segment = newFieldsFor(settings.segment).segment_id as number;
    return deployedDocument(request, {
      before,
      segment,
      now: clock.now(),
      rules: settings,
      ...facts,
    });
  }

  /** Checks the image and the code, and builds what the code needs. */
  async #factsOf(
    request: DeploymentRequest,
    document: BotDocument,
    before: BotDocument | undefined,
    signal: AbortSignal,
  ): Promise<DocumentFacts> {
    const image = await this.#code.pinImage(document, signal);
    let dependencies: CodeDependencies | undefined;
    if (request.dryRun) dependencies = knownDependencies(before, request.filePath);
    else {
      const archive = await this.#code.require(request, document, signal);
      ({ dependencies } = await this.#code.build(request, document, archive, { signal }));
    }
    const archiveSha256 = await this.#code.hash(request, before, signal);
    return {
      ...(archiveSha256 !== undefined && { archiveSha256 }),
      ...(dependencies && { dependencies }),
      ...(image && { image }),
    };
  }

  /**
   * Builds what the archive of a request needs, so that the deployment finds it.
   *
   * @param request The deployment.
   * @param options Receives the lines of the build; a signal.
   * @throws {ApiProblem} As {@linkcode deploy}. @throws {DependencyError} If the build fails.
   */
  async build(
    request: DeploymentRequest,
    options: Required<Pick<BuildDependenciesOptions, "onLine" | "signal">>,
  ): Promise<BuiltDependencies> {
    const document = this.#documentOf(request, undefined);
    const archive = await this.#code.require(request, document, options.signal);
    return await this.#code.build(request, document, archive, options);
  }
}

/** The dependencies built for an archive, if the document names the same archive: a dry run builds nothing. */
function knownDependencies(
  document: BotDocument | undefined,
  filePath: string,
): CodeDependencies | undefined {
  const parsed = document && parseBotDocument(document);
  if (parsed?.status !== "valid" || parsed.executable.filePath !== filePath) return undefined;
  return parsed.executable.dependencies;
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
