/**
 * Requests that make the raw engine run the same container as Berth does.
 *
 * @module
 */

// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import { LABEL } from "../../lib/engine/labels.ts";

/** Where a container of the raw engine has its code: in a plain folder, or in an overlay of its own, as a bot has. */
export type RawCode = "folder" | "overlay";

/**
 * Makes the bodies of create requests from a container of Berth's, over copies of what it sees of the host.
 *
 * @param docker The engine.
 * @param container Id of the container.
 * @param folder Absolute path of a folder for the copies; it is made.
 * @param code Where its code is. Most who start a container by hand have a plain folder.
 * @returns A function that makes a body; each has an overlay of its own.
 */
export async function rawContainer(
  docker: Docker,
  container: string,
  folder: string,
  code: RawCode = "folder",
): Promise<() => Record<string, unknown>> {
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
    if (mount.Type === "bind") {
      const copied = { ...mount, Source: await copyOf(mount.Source) };
      return () => copied;
    }
    const options = mount.VolumeOptions?.DriverConfig.Options.o ?? "";
    const [, lower, upper] = /lowerdir=([^,]+),upperdir=([^,]+),/.exec(options) ?? [];
    if (lower === undefined || upper === undefined) return () => mount;
    const layers = lower.split(":");
    if (code === "folder") {
      // The first one lies on top.
      const Source = await copyOf(...layers.toReversed());
      return () => ({ Type: "bind" as const, Source, Target: mount.Target });
    }
    const copied = (await Promise.all(layers.map((layer) => copyOf(layer)))).join(":");
    const { uid, gid, mode } = await Deno.stat(upper);
    return () => {
      const own = `${folder}/own-${copies++}`;
      for (const path of [own, `${own}/view`, `${own}/work`]) Deno.mkdirSync(path, { mode: mode! & 0o7777 });
      Deno.chownSync(`${own}/view`, uid!, gid!);
      const o = `lowerdir=${copied},upperdir=${own}/view,workdir=${own}/work`;
      const DriverConfig = { Name: "local", Options: { type: "overlay", device: "overlay", o } };
      return { ...mount, VolumeOptions: { ...mount.VolumeOptions, DriverConfig } };
    };
  }));
  const { Hostname: _hostname, Labels, ...config } = Config as unknown as Record<string, unknown>;
  const instance = (Labels as Record<string, string>)[LABEL.instance]!;
  return () => ({
    ...config,
    Labels: { [LABEL.instance]: instance },
    HostConfig: { ...HostConfig, Binds: binds, Mounts: mounts.map((make) => make()) },
  });
}
