/**
 * The raw engine: the same container, created and started by two bare requests over the engine's socket.
 *
 * @module
 */

import { request } from "node:http";
import { toCreateOptions } from "../../lib/adapters/dockerode_create_options.ts";
import { ContainerBuilder } from "../../lib/container_builder.ts";
import type { Executable } from "../../lib/executable.ts";
import type { Stage } from "../engine/runner_support.ts";

/** What the raw engine is asked to create: body of the request, with a folder that is ready. */
export interface Template {
  readonly folder: string;
  body(): string;
}

/** One request. */
export type Raw = (method: string, path: string, body?: string) => Promise<string>;

/** Starts and removes one, so that both sides find archive, worker, image and connections warm. */
export async function startOnce(
  { runner, config, folders }: Stage,
  executable: Executable,
): Promise<Template> {
  const { containerId } = await runner.startContainer(executable);
  const folder = `${config.tempDir}/raw-code`;
  const [name] = await folders();
  await new Deno.Command("cp", {
    args: ["-a", `${config.tempDir}/${config.instance}/containers/${name}`, folder],
  }).output();
  await runner.stopContainer(containerId, { graceSeconds: 0 });
  const { uid, gid } = await Deno.stat(folder);
  const spec = new ContainerBuilder("raw", config.images[executable.runtime]!)
    .withExecutable(executable)
    .withBinds([{ source: folder, target: "/bot" }])
    .withResources(config.resources)
    .withLogs(config.logs)
    .withNetwork(config.network)
    .withSecurity({ user: `${uid}:${gid}`, capabilities: [], allowNewPrivileges: false })
    .withLabels({ "berth.instance": config.instance })
    .build();
  const { name: _name, ...options } = toCreateOptions(spec);
  const body = JSON.stringify(options);
  return { folder, body: () => body };
}

/** Creates and starts one. @returns Its id. */
export async function rawStart(raw: Raw, template: Template): Promise<string> {
  const name = `raw-${crypto.randomUUID()}`;
  const { Id } = JSON.parse(await raw("POST", `/containers/create?name=${name}`, template.body()));
  await raw("POST", `/containers/${Id}/start`);
  return Id;
}

/** @param socketPath Of the engine. */
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

/** The one in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}
