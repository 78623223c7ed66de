/**
 * The engine of a node.
 *
 * @module
 */

import { join } from "node:path";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { cgroupOf, REGISTRY } from "./lab_space.ts";

/**
 * Writes the settings of the engine of a node, which has a folder afterwards.
 *
 * @param folder Folder of the lab.
 * @param number Number of the node.
 * @returns Address of the engine.
 */
export async function writeEngineSettings(folder: string, number: number): Promise<string> {
  const node = join(folder, `node-${number}`);
  await Deno.mkdir(node, { recursive: true });
  const dockerHost = `unix://${join(node, "docker.sock")}`;
  await Deno.writeTextFile(
    join(node, "daemon.json"),
    JSON.stringify({
      "hosts": [dockerHost],
      "data-root": join(node, "data"),
      "exec-root": join(node, "exec"),
      "pidfile": join(node, "exec", "pid"),
      "cgroup-parent": `/${cgroupOf(folder)}/node-${number}`,
      "exec-opts": ["native.cgroupdriver=cgroupfs"],
      "storage-driver": "overlay2",
      "registry-mirrors": [`http://${REGISTRY}`],
      "insecure-registries": [REGISTRY],
    }),
  );
  return dockerHost;
}

/** Whether an engine answers. @param dockerHost Its address. */
export async function engineAnswers(dockerHost: string): Promise<boolean> {
  return await connectDocker(dockerHost).ping().then(() => true, () => false);
}
