/**
 * A bot's container, as the engine shows it.
 *
 * @module
 */

// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import { LABEL } from "../../lib/engine/labels.ts";

/** What the engine shows of it. */
export interface BotContainer {
  readonly id: string;
  readonly name: string;
  /** Its bot. */
  readonly bot: string;
  readonly running: boolean;
  /** Its first process on this machine; 0 when it does not run. */
  readonly pid: number;
  readonly attempt: number;
  readonly startedAt: Date;
  /** The configuration that its bot got. */
  readonly config: Record<string, unknown>;
}

/** @param inspection What the engine tells of it. */
export function toBotContainer({ Id, Name, State, Config }: Docker.ContainerInspectInfo): BotContainer {
  const variable = Config.Env.find((one) => one.startsWith("CONFIG="));
  return {
    id: Id,
    name: Name.slice(1),
    bot: Config.Labels[LABEL.id] ?? "",
    running: State.Running,
    pid: State.Pid,
    attempt: Number(Config.Labels[LABEL.attempt]),
    startedAt: new Date(State.StartedAt),
    config: variable ? JSON.parse(variable.slice("CONFIG=".length)) : {},
  };
}
