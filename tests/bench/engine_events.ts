/**
 * When the engine did what, by its own word.
 *
 * @module
 */

import { once } from "node:events";
import type { Readable } from "node:stream";
import { connectDocker } from "../../lib/adapters/connect_docker.ts";
import { LABEL } from "../../lib/labels.ts";
import type { BotStage } from "../engine/bot_stage.ts";
import { until } from "../engine/engine_support.ts";

/** What the engine tells of a container. */
export interface EngineEvent {
  /** What happened to it. */
  readonly action: string;
  /** Its name. */
  readonly name: string;
  /** In ms since the epoch. */
  readonly time: number;
}

/** The engine's events of this test's containers. */
export interface EngineEvents extends AsyncDisposable {
  /** Those so far. */
  readonly all: EngineEvent[];
  /** The time of the first of a kind for a container, once it is there. */
  timeOf(action: string, name: string): Promise<number>;
}

/** Follows the engine's events of a test's containers. @param stage The test's. */
export async function followEvents({ env, direct }: BotStage): Promise<EngineEvents> {
  const filters = { label: [`${LABEL.instance}=${env.BERTH_INSTANCE}`] };
  const events: NodeJS.ReadableStream = await connectDocker(direct.DOCKER_HOST!).getEvents({ filters });
  const stream = events as Readable;
  const all: EngineEvent[] = [];
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const { Action, Actor, timeNano } of lines.map((line) => JSON.parse(line))) {
      all.push({ action: Action, name: Actor.Attributes.name, time: timeNano / 1e6 });
    }
  });
  stream.on("error", () => {});
  return {
    all,
    async timeOf(action, name) {
      let found: EngineEvent | undefined;
      const find = () =>
        (found = all.find((each) => each.action === action && each.name === name)) !== undefined;
      await until(`'${action}' of ${name}`, find, 120_000);
      return found!.time;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(stream, "close");
      stream.destroy();
      await closed;
    },
  };
}
