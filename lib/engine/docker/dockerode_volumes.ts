/**
 * Removes volumes through the Docker Engine.
 *
 * @module
 */

import type { DockerodeClient, EngineRequestOptions } from "./dockerode_client.ts";

/**
 * Removes volumes that no container uses. The engine's own prune call spares volumes with options.
 *
 * @param client The engine.
 * @param labels Labels that the volumes must have, with these values.
 * @param bounds Time limit of each call, and signal.
 */
export async function removeUnusedVolumes(
  client: DockerodeClient,
  labels: Readonly<Record<string, string>>,
  bounds: EngineRequestOptions,
): Promise<void> {
  const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const query = { filters: JSON.stringify({ dangling: ["true"], label }) };
  const list = { what: "list unused volumes", method: "GET", path: "/volumes", query } as const;
  const { Volumes } = (await client.call(list, bounds)).value as { Volumes: { Name: string }[] | null };
  for (const { Name } of Volumes ?? []) {
    const path = `/volumes/${encodeURIComponent(Name)}`;
    const request = { what: `remove volume '${Name}'`, method: "DELETE", path } as const;
    // 409: a container uses the volume after all.
    await client.call(request, bounds, [404, 409]);
  }
}
