/**
 * Requests that make the raw engine run the same container as Berth does.
 *
 * @module
 */

// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import { LABEL } from "../../lib/engine/labels.ts";

/**
 * Makes the body of a create request from a container of Berth's, over copies of what it sees of the host. A view of
 * code becomes a plain folder: nobody who starts a container by hand makes an overlay for it.
 *
 * @param docker The engine.
 * @param container Id of the container.
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
  const copyOf = async (...sources: string[]): Promise<string> => {
    const copy = `${folder}/${copies++}`;
    for (const source of sources) {
      const { success } = await new Deno.Command("cp", { args: ["-aT", source, copy] }).output();
      if (!success) throw new Error(`Cannot copy ${source}`);
    }
    return copy;
  };
  const binds = await Promise.all((HostConfig.Binds ?? []).map(async (bind) => {
    const [source = "", ...rest] = bind.split(":");
    return [await copyOf(source), ...rest].join(":");
  }));
  const mounts = await Promise.all((HostConfig.Mounts ?? []).map(async (mount) => {
    if (mount.Type === "bind") return { ...mount, Source: await copyOf(mount.Source) };
    const layers = /lowerdir=([^,]+)/.exec(mount.VolumeOptions?.DriverConfig.Options.o ?? "")?.[1];
    if (layers === undefined) return mount;
    // The first one lies on top.
    const Source = await copyOf(...layers.split(":").reverse());
    return { Type: "bind" as const, Source, Target: mount.Target };
  }));
  const { Hostname: _hostname, Labels, ...config } = Config as unknown as Record<string, unknown>;
  const instance = (Labels as Record<string, string>)[LABEL.instance]!;
  const host = { ...HostConfig, Binds: binds, Mounts: mounts };
  return { ...config, Labels: { [LABEL.instance]: instance }, HostConfig: host };
}
