/**
 * The raw engine: the same container, created and started by two bare requests over the engine's socket.
 *
 * @module
 */

import { request } from "node:http";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import type { Executable } from "../../lib/executable/executable.ts";
import { LABEL } from "../../lib/engine/labels.ts";
import type { RunnerFixture } from "../support/fixtures/runner_fixture.ts";
import { rawContainer } from "./raw_container.ts";

/** A request to create a container of the raw engine: its body, and the folder that its binds are in. */
export interface Template {
  readonly folder: string;
  readonly body: string;
}

/** Sends a request. */
export type Raw = (method: string, path: string, body?: string) => Promise<string>;

/** Starts and removes one, so that both sides find archive, worker, image and connections warm. */
export async function startOnce(
  { runner, config }: RunnerFixture,
  executable: Executable,
): Promise<Template> {
  const { containerId } = await runner.startContainer(executable);
  const folder = `${config.tempDir}/raw`;
  const model = await rawContainer(connectDocker(config.dockerHost), containerId, folder);
  await runner.stopContainer(containerId, { graceSeconds: 0 });
  // The bench has the runner remove them.
  const labels = { ...model.Labels as object, [LABEL.managed]: "true", [LABEL.id]: "raw" };
  return { folder, body: JSON.stringify({ ...model, Labels: labels }) };
}

/** Creates and starts one. @returns Its id. */
export async function rawStart(raw: Raw, template: Template): Promise<string> {
  const name = `raw-${crypto.randomUUID()}`;
  const { Id } = JSON.parse(await raw("POST", `/containers/create?name=${name}`, template.body));
  await raw("POST", `/containers/${Id}/start`);
  return Id;
}

/** @param socketPath Path of the engine's socket. */
export function rawEngine(socketPath: string): Raw {
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = body
        ? { "content-type": "application/json", "content-length": new TextEncoder().encode(body).length }
        : {};
      const sent = request({ socketPath, method, path, headers }, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk) => text += chunk);
        answer.on("end", () => (answer.statusCode! < 300 ? resolve(text) : reject(new Error(text))));
      });
      sent.on("error", reject);
      sent.end(body);
    });
}
