/**
 * Requests that make the raw engine run the same container as Berth does.
 *
 * @module
 */

// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import { LABEL } from "../../lib/engine/labels.ts";

/**
 * Makes the body of create requests from a container of Berth's, over copies of what it sees of the host.
 *
 * @param docker The engine.
 * @param container Id of the container. The raw one has its code in a plain folder, as most have who start one by hand.
 * @param folder Absolute path of a folder for the copies; it is made.
 */
export async function rawContainer(
  docker: Docker,
  container: string,
  folder: string,
): Promise<Record<string, unknown>> {
  const { Config, HostConfig } = await docker.getContainer(container).inspect();
  await Deno.mkdir(folder, { recursive: true });
  let copies = 0;
  const copyOf = async (...layers: string[]): Promise<string> => {
    const copy = `${folder}/${copies++}`;
    for (const layer of layers) {
      const { success } = await new Deno.Command("cp", { args: ["-aT", layer, copy] }).output();
      if (!success) throw new Error(`Cannot copy ${layer}`);
    }
    return copy;
  };
  const Binds = await Promise.all((HostConfig.Binds ?? []).map(async (bind) => {
    const [source = "", ...rest] = bind.split(":");
    return [await copyOf(source), ...rest].join(":");
  }));
  const Mounts = await Promise.all((HostConfig.Mounts ?? []).map(async (mount) => {
    if (mount.Type === "bind") return { ...mount, Source: await copyOf(mount.Source) };
    const options = mount.VolumeOptions?.DriverConfig.Options.o ?? "";
    const layers = /lowerdir=([^,]+),/.exec(options)?.[1]?.split(":");
    // The first one lies on top.
    return layers
      ? { Type: "bind", Source: await copyOf(...layers.toReversed()), Target: mount.Target }
      : mount;
  }));
  const { Hostname: _hostname, Labels, ...config } = Config as unknown as Record<string, unknown>;
  const instance = (Labels as Record<string, string>)[LABEL.instance]!;
  return {
    ...config,
    Labels: { [LABEL.instance]: instance },
    HostConfig: { ...HostConfig, Binds, Mounts },
  };
}
