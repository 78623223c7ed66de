/**
 * The times of the engine's actions, by its own events.
 *
 * @module
 */

import { once } from "node:events";
import type { Readable } from "node:stream";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { LABEL } from "../../lib/engine/labels.ts";
import type { BotFixture } from "../support/fixtures/bot_fixture.ts";

/** Longest wait for an event, in ms. */
const LIMIT_MS = 120_000;

/** An event of the engine about a container. */
export interface EngineEvent {
  /** The engine's name for the event. */
  readonly action: string;
  /** Its name. */
  readonly name: string;
  /** In ms since the epoch. */
  readonly time: number;
}

/** The engine's events of this test's containers. */
export interface EngineEvents extends AsyncDisposable {
  /** Those since the last {@linkcode clear}. */
  readonly all: readonly EngineEvent[];
  /** Forgets those so far. */
  clear(): void;
  /** The time of the first of a kind for a container, once it is there. */
  timeOf(action: string, name: string): Promise<number>;
}

/** Follows the engine's events of a test's containers. @param fixture The test's. */
export async function followEvents({ env, direct }: BotFixture): Promise<EngineEvents> {
  const filters = { label: [`${LABEL.instance}=${env.BERTH_INSTANCE}`] };
  const events: NodeJS.ReadableStream = await connectDocker(direct.DOCKER_HOST!).getEvents({ filters });
  const stream = events as Readable;
  const all: EngineEvent[] = [];
  // Nobody looks again and again: what is measured shares the processors with this.
  const waiting = new Map<string, PromiseWithResolvers<number>>();
  const waitingFor = (action: string, name: string) => {
    const key = `${action} ${name}`;
    const one = waiting.get(key) ?? Promise.withResolvers<number>();
    waiting.set(key, one);
    return one;
  };
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const { Action, Actor, timeNano } of lines.map((line) => JSON.parse(line))) {
      const event = { action: Action, name: Actor.Attributes.name, time: timeNano / 1e6 };
      all.push(event);
      waitingFor(event.action, event.name).resolve(event.time);
    }
  });
  stream.on("error", () => {});
  return {
    all,
    clear() {
      all.length = 0;
      waiting.clear();
    },
    async timeOf(action, name) {
      const timer = setTimeout(
        () => waitingFor(action, name).reject(new Error(`'${action}' of ${name} did not come`)),
        LIMIT_MS,
      );
      try {
        return await waitingFor(action, name).promise;
      } finally {
        clearTimeout(timer);
      }
    },
    async [Symbol.asyncDispose]() {
      const closed = once(stream, "close");
      stream.destroy();
      await closed;
    },
  };
}
