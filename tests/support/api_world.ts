/**
 * The API over a {@linkcode World} of schedules: real stores, a real object store in a folder, and a model of an engine.
 *
 * @module
 */

import { AgeFile } from "../../lib/secrets/age_file.ts";
import { join } from "node:path";
import { DEFAULT_ARCHIVE_LIMITS } from "../../lib/archive/archive_limits.ts";
import { FolderObjectStore } from "../../lib/objects/folder/folder_object_store.ts";
import { LogReader } from "../../lib/logs/log_reader.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import { type ApiApp, createApiApp } from "../../services/api/api_app.ts";
import type { ApiParts, Caller } from "../../services/api/api_parts.ts";
import { BacktestRepository } from "../../services/backtests/backtest_repository.ts";
import type { BotChange } from "../../services/documents/bot_repository.ts";
import { Guards } from "../../services/guards/guards.ts";
import { BOTS } from "../../services/sqlite/sqlite_document_kind.ts";
import { KnownDocuments } from "../../services/documents/known_documents.ts";
import { SqliteDocumentRepository } from "../../services/sqlite/sqlite_document_repository.ts";
import { SqliteRecordStore } from "../../services/sqlite/sqlite_record_store.ts";
import { World } from "./schedule_model.ts";
import { NO_INCIDENTS } from "../support/fake_incidents.ts";

/** Names of the buckets. */
export const BUCKETS = { code: "custom-bots", results: "backtests", logs: "bot-logs" } as const;

/** An answer. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // deno-lint-ignore no-explicit-any -- tests look at whatever comes
  readonly body: any;
}

/** The content of a test's request. */
export interface ApiCall {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The API, and what it works with. */
export class ApiWorld implements AsyncDisposable {
  readonly world: World;
  readonly store: FolderObjectStore;
  readonly bots: KnownDocuments;
  readonly records: SqliteRecordStore;
  readonly backtests: BacktestRepository;
  /** Changes that were announced to other programs. */
  readonly announced: string[] = [];
  caller: Caller = { name: "token ci", role: "operate", from: "127.0.0.1" };
  readonly #folder: string;
  #app: ApiApp | undefined;

  private constructor(world: World, folder: string) {
    this.world = world;
    this.#folder = folder;
    this.store = new FolderObjectStore(join(folder, "objects"));
    this.bots = new KnownDocuments(new SqliteDocumentRepository(world.database, BOTS), world.clock);
    this.records = new SqliteRecordStore(world.database);
    this.backtests = new BacktestRepository(this.records);
  }

  static async open(now: string): Promise<ApiWorld> {
    const self = new ApiWorld(await new World(now).open(), await Deno.makeTempDir({ prefix: "berth-test-" }));
    await self.bots.open();
    await self.records.open();
    for (const bucket of Object.values(BUCKETS)) await self.store.ensureBucket(bucket);
    self.serve();
    return self;
  }

  /** Makes the API anew. @param more Parts to add, such as the services. */
  serve(more: Partial<ApiParts> = {}): void {
    const reader = new LogReader({
      orchestrator: {
        listContainers: () => Promise.resolve([]),
        readLog: () => {
          throw new Error("There is no container");
        },
      },
      store: this.store,
      bucket: BUCKETS.logs,
      labelsOf: () => ({}),
    });
    const runner = {
      readLogs: (id, options) => reader.read(id, options),
      buildDependencies: () => Promise.resolve({}),
    } satisfies Partial<Runner>;
    this.#app = createApiApp({
      bots: this.bots,
      schedules: this.world.repository,
      runs: this.world.runs,
      records: this.records,
      store: this.store,
      runner: runner as unknown as Runner,
      secrets: new AgeFile({ dataDir: join(this.#folder, "data") }),
      announce: (kind: string, { type, id }: BotChange) => {
        this.announced.push(`${kind} ${type} ${id}`);
        return Promise.resolve();
      },
      backtests: this.backtests,
      notifications: { served: [] } as unknown as ApiParts["notifications"],
      guards: new Guards({
        records: this.records,
        incidents: NO_INCIDENTS,
        wake() {},
        clock: this.world.clock,
      }),
      settings: {
        instance: "one",
        segment: -1,
        listMaxAgeMs: 60_000,
        auditMaxAgeMs: 86_400_000,
        buckets: BUCKETS,
        archiveLimits: DEFAULT_ARCHIVE_LIMITS,
        keepRevisions: 10,
        uploadFolder: join(this.#folder, "uploads"),
      },
      clock: this.world.clock,
      ...more,
    } as ApiParts, {
      admit: () => Promise.resolve(this.caller),
      countFailure: () => {},
      knows: () => Promise.resolve(true),
      cookie: { isSecure: false, port: 0 },
    });
  }

  /** Makes a request. @param method Its method. @param path Its path and query. */
  async call(method: string, path: string, { body, headers = {} }: ApiCall = {}): Promise<ApiAnswer> {
    const request = new Request(new URL(path, "http://localhost"), {
      method,
      headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const response = await this.#app!(request, "unix", "unix");
    const text = await response.text();
    const isJson = /json$/.test(response.headers.get("content-type") ?? "") &&
      !response.headers.get("content-type")?.includes("ndjson");
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : text,
    };
  }

  /** Stores lines of a log. @param key Its key in the logs bucket. @param lines The lines. */
  async putLog(key: string, lines: readonly string[]): Promise<void> {
    await this.store.put(
      BUCKETS.logs,
      key,
      new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.world.database.close();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
