/**
 * Berth on its embedded default, as processes, for tests that start several of them on one engine.
 *
 * @module
 */

import { zipSync } from "fflate";
// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import { FolderObjectStore } from "../../lib/objects/folder/folder_object_store.ts";
import { LABEL } from "../../lib/engine/labels.ts";
import { connectSqlite } from "../../services/sqlite/connect_sqlite.ts";
import { SqliteBotRepository } from "../../services/sqlite/sqlite_bot_repository.ts";
import { type BerthProcess, startBerth } from "./berth_process.ts";
import { type BotContainer, toBotContainer } from "./bot_container.ts";
import { BOT } from "./bot_stage.ts";
import { DOCKER_HOST, IMAGES, openEngine } from "./engine_support.ts";
import { type LiveWatch, watchLive } from "./live_watch.ts";

/** What a test works with. */
export interface EmbeddedStage {
  /** Folder of the test. */
  readonly temp: string;
  /** Configuration of the first service: instance, folders, images. */
  readonly env: Readonly<Record<string, string>>;
  /** What the engine does to the containers of this test. */
  readonly live: LiveWatch;
  /** The engine. */
  readonly docker: Docker;
  /** Starts a service. @param more Configuration that differs. @param args What follows `start`. */
  start(more?: Record<string, string>, args?: readonly string[]): BerthProcess;
  /** The bot's id: names are each test's own. */
  id(name: string): string;
  /** Writes a bot's document, and its code, as `berth deploy` does. @param dataDir Where. @default {env.DATA_DIR} */
  write(name: string, config?: Record<string, unknown>, dataDir?: string): Promise<void>;
  /** Every container of the test's bots, in the order of their names. */
  containers(): Promise<BotContainer[]>;
}

/** @param work The test. */
export async function withEmbedded(work: (stage: EmbeddedStage) => Promise<void>): Promise<void> {
  const temp = await Deno.makeTempDir({ prefix: "berth-test-" });
  const instance = `test-${crypto.randomUUID().slice(0, 8)}`;
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => void await new Deno.Command("rm", { args: ["-rf", temp] }).output());
  const fixture = stack.use(openEngine());
  const isOwn = (labels: Readonly<Record<string, string>>) =>
    labels[LABEL.id]?.startsWith(`${instance}-`) === true;
  const env = {
    HOME: temp,
    NO_COLOR: "1",
    BERTH_INSTANCE: instance,
    SERVICES: "bots",
    TEMP_DIR: `${temp}/runtime`,
    DATA_DIR: `${temp}/data`,
    DOCKER_HOST,
    RUNTIME_IMAGES: Object.entries(IMAGES).map((pair) => pair.join("=")).join(","),
    STOP_GRACE_SECONDS: "10",
    RECONCILE_INTERVAL: "1",
    LOG_LEVEL: "debug",
  };
  const id = (name: string) => `${instance}-${name}`;
  const containers = async () => {
    const filters = { label: [`${LABEL.managed}=true`] };
    const list = (await fixture.docker.listContainers({ all: true, filters })).filter(({ Labels }) =>
      isOwn(Labels)
    );
    const found = await Promise.all(
      list.map(({ Id }) => fixture.docker.getContainer(Id).inspect().catch(() => undefined)),
    );
    const there = found.filter((each) => each !== undefined).map(toBotContainer);
    return there.sort((a, b) => a.bot < b.bot ? -1 : 1);
  };
  // The watch goes first, so that what is cleaned up is not seen.
  stack.defer(async () => {
    await Promise.all((await containers()).map(({ id }) => fixture.orchestrator.remove(id)));
  });
  const live = stack.use(await watchLive(fixture.docker, isOwn));
  await work({
    temp,
    env,
    live,
    docker: fixture.docker,
    start: (more = {}, args = []) => stack.use(startBerth({ ...env, ...more }, undefined, args)),
    id,
    async write(name, config = {}, dataDir = env.DATA_DIR) {
      await Deno.mkdir(dataDir, { recursive: true, mode: 0o700 });
      const store = new FolderObjectStore(`${dataDir}/objects`);
      await store.ensureBucket("custom-bots");
      await store.put("custom-bots", "bot/1", zipSync({ "main.py": new TextEncoder().encode(BOT) }));
      const database = connectSqlite(`${dataDir}/berth.sqlite`);
      try {
        const repository = new SqliteBotRepository(database);
        await repository.open();
        const custom = {
          version: "1",
          filePath: "bot/1",
          config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
        };
        const document = { id: id(name), segment_id: 0, config, custom };
        await repository.apply({ type: "updated", id: id(name), document, order: {} });
      } finally {
        database.close();
      }
    },
    containers,
  });
}
