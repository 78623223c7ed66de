/**
 * Handles the operations on backtests.
 *
 * @module
 */

import { InvalidExecutableError } from "../../lib/errors.ts";
import { type Executable, parseExecutable } from "../../lib/executable/executable.ts";
import { type BacktestRecord, isOpenBacktest } from "../backtests/backtest_record.ts";
import { MAX_OPEN_BACKTESTS } from "../backtests/backtest_service.ts";
import type { Backtest } from "../contract/backtests.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { field, isObject } from "../documents/document_fields.ts";
import { parseBotDocument } from "../documents/bot_document.ts";
import type { ApiParts, BacktestsPort } from "./api_parts.ts";
import { ApiProblem, notFound } from "./api_problem.ts";
import type { ArchiveHashes } from "./archive_hashes.ts";
import { CodeArchives } from "./code_archives.ts";
import type { ApiRequest, Handlers } from "./handlers.ts";
import { inspectStoredArchive } from "./inspect_stored_archive.ts";
import { ndjsonResponse } from "./ndjson_response.ts";
import { readRunLog } from "./read_run_log.ts";
import { storedResult } from "./stored_result.ts";

type BacktestOperation =
  | "startBacktest"
  | "listBacktests"
  | "getBacktest"
  | "getBacktestLog"
  | "getBacktestResult"
  | "cancelBacktest";

/** How far the engine's clock may be from this process's, and how late a line may come after the end, in ms. */
const SLACK_MS = 60 * 60_000;

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 * @param hashes The hashes of archives.
 */
export function backtestHandlers(parts: ApiParts, hashes: ArchiveHashes): Handlers<BacktestOperation> {
  const archives = new CodeArchives({ ...parts, hashes });
  const { backtests, backtestService } = parts;
  const read = async (id: string, signal: AbortSignal): Promise<BacktestRecord> => {
    const stored = await backtests.get(id, { signal });
    if (!stored) throw notFound("backtest", id);
    return stored.record;
  };
  const service = (): BacktestsPort => {
    if (backtestService) return backtestService;
    throw new ApiProblem(503, "backtests/not-served", "This process does not run backtests.", {
      advice: "Ask the process whose SERVICES contains bots.",
    });
  };

  return {
    async startBacktest({ body, caller, signal }) {
      const running = service();
      const executable = await executableOf(body, parts, archives, signal);
      const record = await running.submit(executable, caller.name, { signal });
      if (record) {
        return {
          status: 202,
          body: toBacktest(record),
          headers: { location: `/api/backtests/${record.id}` },
        };
      }
      throw new ApiProblem(
        429,
        "backtests/queue-full",
        `${MAX_OPEN_BACKTESTS} backtests are queued or running already.`,
        { advice: "Wait until some have ended, or cancel some.", headers: { "retry-after": "60" } },
      );
    },

    async listBacktests({ query: { bot, state, cursor, limit }, signal }) {
      const found = await backtests.list({
        signal,
        limit: limit + 1,
        ...(cursor !== undefined && { after: cursor }),
        filter: (record) =>
          (bot === undefined || record.executable.id === bot) &&
          (state === undefined || record.state === state),
      });
      const page = found.slice(0, limit);
      return {
        body: { backtests: page.map(toBacktest), ...(found.length > limit && { next: page.at(-1)!.id }) },
      };
    },

    getBacktest: async ({ params: { id }, signal }) => ({ body: toBacktest(await read(id, signal)) }),

    async getBacktestLog({ params: { id }, query: { tail, follow }, signal }) {
      const record = await read(id, signal);
      const isOpen = isOpenBacktest(record);
      const gone = new AbortController();
      const lines = readRunLog(parts, {
        id: record.executable.id,
        slots: [id],
        since: new Date(record.queuedAt.getTime() - SLACK_MS),
        ...(record.finishedAt && { until: new Date(record.finishedAt.getTime() + SLACK_MS) }),
      }, {
        tail,
        signal: AbortSignal.any([signal, gone.signal]),
        ...(follow && isOpen && {
          isOver: async (signal) => {
            const now = await backtests.get(id, { signal });
            return !now || !isOpenBacktest(now.record);
          },
        }),
      });
      return await ndjsonResponse(lines, () => gone.abort());
    },

    async getBacktestResult({ params: { id }, signal }) {
      const { result, state, resultStatus } = await read(id, signal);
      if (result !== undefined) return await storedResult(parts, result, signal);
      const why = state === "queued" || state === "running" || resultStatus === undefined
        ? `it is ${state}`
        : `its result is ${resultStatus}`;
      throw new ApiProblem(404, "backtest/no-result", `The backtest '${id}' has no result: ${why}.`);
    },

    async cancelBacktest({ params: { id }, caller, signal }) {
      const record = await service().cancel(id, caller.name, { signal });
      if (!record) throw notFound("backtest", id);
      if (!isOpenBacktest(record) && record.cancelledBy === undefined) {
        throw new ApiProblem(
          409,
          "backtest/ended",
          `The backtest '${id}' has ended already: ${record.state}.`,
        );
      }
      return { status: 202, body: toBacktest(record) };
    },
  };
}

/** Finds code and configuration, and checks that the code can be run. */
async function executableOf(
  { bot: id, version, filePath, config }: ApiRequest<"startBacktest">["body"],
  { bots, schedules, store, runner, settings: { buckets, archiveLimits, bounds } }: ApiParts,
  archives: CodeArchives,
  signal: AbortSignal,
): Promise<Executable> {
  const document = await bots.get(id, { signal }) ?? await schedules.get(id, { signal });
  if (!document) throw notFound("bot", id);
  const parsed = parseBotDocument(document, { key: id, bounds });
  if (parsed.status === "invalid") {
    throw new ApiProblem(422, "document/invalid", `The document of '${id}' cannot be run: ${parsed.reason}`);
  }
  if (version !== undefined && filePath !== undefined) {
    throw new ApiProblem(422, "backtest/ambiguous", "Give either 'version' or 'filePath', not both.");
  }
  const { executable } = parsed;
  const stored = version === undefined || version === executable.version
    ? undefined
    : (await archives.list(id, signal)).find((one) => one.version === version);
  if (version !== undefined && version !== executable.version && !stored) {
    throw new ApiProblem(
      409,
      "code/not-found",
      `No code of '${id}' with the version '${version}' is stored.`,
      {
        advice: "The operation listVersions shows what is stored.",
      },
    );
  }
  const key = filePath ?? stored?.filePath ?? executable.filePath;
  const script = scriptOf(document);
  if (typeof script !== "string") {
    throw new ApiProblem(422, "backtest/no-entrypoint", `'${id}' has no entrypoint 'backtest'.`, {
      advice: "Add it to its bot-config.yaml, and deploy it again.",
    });
  }
  let backtest: Executable;
  try {
    backtest = parseExecutable({
      ...executable,
      entrypoint: "backtest",
      entrypointFiles: { ...executable.entrypointFiles, backtest: script },
      isLongRunning: false,
      persistResults: true,
      filePath: key,
      version: stored?.version ?? (filePath === undefined ? executable.version : ""),
      ...(config !== undefined && { config }),
    });
  } catch (error) {
    if (!(error instanceof InvalidExecutableError)) throw error;
    throw new ApiProblem(422, "backtest/invalid", error.message, { issues: error.issues });
  }
  await inspectStoredArchive({
    store,
    bucket: buckets.code,
    key,
    limits: archiveLimits,
    scripts: [script],
    signal,
  });
  if (key === executable.filePath) return backtest;
  // Other code, which may need other libraries.
  const { dependencies: _, ...other } = backtest;
  const { allowSourceBuilds = false, buildSecrets: secrets = {} } = parsed.settings;
  const built = await runner.buildDependencies(other, { allowSourceBuilds, secrets, signal });
  return { ...other, ...(built.dependencies && { dependencies: built.dependencies }) };
}

/** The script of a bot's backtest: `custom.config.entrypoints.backtest`. */
function scriptOf(document: BotDocument): unknown {
  let value: unknown = document;
  for (const name of ["custom", "config", "entrypoints", "backtest"]) {
    value = isObject(value) ? field(value, name) : undefined;
  }
  return value;
}

function toBacktest(record: BacktestRecord): Backtest {
  const { executable, queuedAt, startedAt, finishedAt, reason, claimedAt: _c, seenAt: _s, ...rest } = record;
  const { result: _result, ...shown } = rest;
  return {
    ...shown,
    bot: executable.id,
    ...(reason && { reason }),
    ...(executable.version !== "" && { version: executable.version }),
    filePath: executable.filePath,
    runtime: executable.runtime,
    queuedAt: queuedAt.toISOString(),
    ...(startedAt && { startedAt: startedAt.toISOString() }),
    ...(finishedAt && { finishedAt: finishedAt.toISOString() }),
  };
}
