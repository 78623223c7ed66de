/**
 * Everything that a deployment finds out about its code: that it is stored and can run, what must be built for it, and
 * exactly what it is.
 *
 * @module
 */

import type { InspectedArchive } from "../../lib/archive/inspect_archive.ts";
import { needsNothing } from "../../lib/dependencies/code_needs.ts";
import { runtimeOf } from "../../lib/executable/code_entrypoint_factory.ts";
import type { BuildDependenciesOptions, BuiltDependencies } from "../../lib/runner/runner.ts";
import type { DeploymentRequest } from "../contract/code.ts";
import { parseBotDocument } from "../documents/bot_document.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import type { PinnedImage } from "../documents/pinned_image.ts";
import type { ApiParts } from "./api_parts.ts";
import { type ArchiveHashes, notedArchiveHash } from "./archive_hashes.ts";
import { inspectStoredArchive } from "./inspect_stored_archive.ts";

/** Parts of a {@linkcode DeploymentCode}. */
export interface DeploymentCodeParts extends Pick<ApiParts, "store" | "settings" | "runner"> {
  /** The hashes of archives. */
  readonly hashes: ArchiveHashes;
}

/** The code of deployments. */
export class DeploymentCode {
  readonly #parts: DeploymentCodeParts;

  /** @param parts The parts that it uses. */
  constructor(parts: DeploymentCodeParts) {
    this.#parts = parts;
  }

  /**
   * Finds out what the image of a document stands for now.
   *
   * @param document The document.
   * @param signal Cancels the call.
   * @returns `undefined` if the document names none.
   * @throws {ImageUnavailableError} If it is not available.
   */
  async pinImage(document: BotDocument, signal: AbortSignal): Promise<PinnedImage | undefined> {
    const parsed = parseBotDocument(document);
    const name = parsed.status === "valid" ? parsed.executable.image : undefined;
    if (name === undefined) return undefined;
    return { name, reference: (await this.#parts.runner.resolveImage(name, { signal })).reference };
  }

  /**
   * Makes sure that the archive is stored and holds the scripts. Only its list of entries is read, except for a program,
   * whose content alone shows whether it can run.
   *
   * @param request The deployment.
   * @param document Its document.
   * @param signal Cancels the call.
   * @returns The list of entries.
   * @throws {ApiProblem} 409 if it is not stored.
   * @throws {InvalidArchiveError} If a start would refuse it.
   */
  async require(
    { filePath, entrypoints }: DeploymentRequest,
    document: BotDocument,
    signal: AbortSignal,
  ): Promise<InspectedArchive> {
    const { store, runner, settings: { buckets, archiveLimits } } = this.#parts;
    const { query: _query, ...scripts } = entrypoints;
    const archive = await inspectStoredArchive({
      store,
      bucket: buckets.code,
      key: filePath,
      limits: archiveLimits,
      scripts: Object.values(scripts),
      signal,
    });
    const parsed = parseBotDocument(document);
    if (parsed.status === "valid" && runtimeOf(parsed.executable).isBinary) {
      await runner.checkCode(parsed.executable, { signal });
    }
    return archive;
  }

  /**
   * Builds what an archive needs. Code is extracted only if its files decide that; else its start extracts it.
   *
   * @param request The deployment.
   * @param document Its document.
   * @param archive Its list of entries.
   * @param options Receives the lines of the build; a signal.
   * @throws {DependencyError} If the build fails.
   */
  async build(
    { entrypoints: { bot, backtest }, build }: DeploymentRequest,
    document: BotDocument,
    archive: InspectedArchive,
    options: Pick<BuildDependenciesOptions, "onLine" | "signal">,
  ): Promise<BuiltDependencies> {
    const parsed = parseBotDocument(document);
    if (!build || parsed.status === "invalid") return {};
    const { executable, settings: { allowSourceBuilds = false, buildSecrets = {} } } = parsed;
    const entrypointFiles = { bot, ...(backtest !== undefined && { backtest }) };
    const scripts = [bot, backtest].filter((script) => script !== undefined);
    if (needsNothing(runtimeOf(executable), { has: namesOf(archive), scripts })) return {};
    return await this.#parts.runner.buildDependencies({ ...executable, entrypointFiles }, {
      ...options,
      allowSourceBuilds,
      secrets: buildSecrets,
    });
  }

  /**
   * Returns the SHA-256 of the archive. That of a dry run need not be stored.
   *
   * @param request The deployment.
   * @param before The deployed one; `undefined` for nothing.
   * @param signal Cancels the call.
   */
  async hash(
    { filePath: key, dryRun }: DeploymentRequest,
    before: BotDocument | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { store, hashes, settings: { buckets } } = this.#parts;
    const noted = notedArchiveHash(before, key);
    if (noted !== undefined || dryRun) return noted;
    return await hashes.of({ store, bucket: buckets.code, key, signal });
  }
}

/** Tells whether an archive has a file or a folder. */
function namesOf({ entries, folders }: InspectedArchive): (path: string) => boolean {
  const names = new Set([...entries.map(({ path }) => path), ...folders]);
  return (path) => names.has(path) || names.has(`${path}/`);
}
