/**
 * The containers of bots without Berth.
 *
 * @module
 */

import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { type BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import type { EngineEvents } from "./engine_events.ts";
import { rawContainer } from "./raw_container.ts";
import { until } from "../support/until.ts";

/** Starts the same container as Berth does, by bare requests. */
export interface RawEngine {
  /** @returns Its name, once it runs. */
  start(): Promise<string>;
  /** Stops one. */
  stop(name: string): Promise<void>;
  /** Removes one. */
  remove(name: string): Promise<void>;
}

/** Takes a container that Berth has made for the model. @param fixture The bench's. @param events The engine's. */
export async function rawEngine(fixture: BotFixture, events: EngineEvents): Promise<RawEngine> {
  const { document, write, start, direct, env, documents, containers, id } = fixture;
  const docker = connectDocker(direct.DOCKER_HOST!);
  await write(document("model"));
  let model: Record<string, unknown> = {};
  {
    await using _berth = start(direct);
    const [made] = await untilRunning(fixture, { model: {} });
    model = await rawContainer(docker, made!.id, `${env.HOME}/model`);
    await documents.deleteOne({ id: id("model") });
    await fixture.publish("deleted", { id: id("model") });
    await until("the end of the model", async () => (await containers()).length === 0);
  }
  events.clear();
  return {
    async start() {
      const name = `raw-${crypto.randomUUID()}`;
      const container = await docker.createContainer({ ...model, name });
      await container.start();
      return name;
    },
    stop: (name) => docker.getContainer(name).stop({ t: 10 }),
    remove: (name) => docker.getContainer(name).remove({ force: true }),
  };
}
