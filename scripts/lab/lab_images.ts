/**
 * The images of all labs, loaded once: an engine's folder that nodes begin with, and a registry that has them.
 *
 * @module
 */

import { join } from "node:path";
import { Readable } from "node:stream";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { FolderLock } from "../../lib/util/folder_lock.ts";
import { until } from "../../tests/support/until.ts";
import { engineAnswers, writeEngineSettings } from "./lab_engine.ts";
import { fillRegistry } from "./fill_registry.ts";
import { startRegistry } from "./lab_servers.ts";
import { exists, LabSpace, REGISTRY } from "./lab_space.ts";

/** Version of the folder's form. Change both together. */
const REVISION = 1;
const LOCK_LIMIT_MS = 600_000;

/** Options of {@linkcode prepareLabImages}. */
export interface LabImagesOptions {
  /** Folder of the labs. */
  readonly root: string;
  /** The engine that has the images. */
  readonly dockerHost: string;
  /** Their names. */
  readonly images: readonly string[];
}

/**
 * Loads images for labs, unless an earlier one has. Takes half a minute for three images.
 *
 * @param options See {@linkcode LabImagesOptions}.
 * @returns The folder.
 * @throws {Error} If the engine does not have an image.
 */
export async function prepareLabImages({ root, dockerHost, images }: LabImagesOptions): Promise<string> {
  const docker = connectDocker(dockerHost);
  const names = [...new Set(images)].toSorted();
  if (names.length === 0) {
    throw new Error("The engine of this machine has no image of a runtime: 'berth images' pulls them");
  }
  const ids = await Promise.all(names.map(async (name) => (await docker.getImage(name).inspect()).Id));
  const text = JSON.stringify([REVISION, names, ids]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const folder = join(root, `images-${digest.toHex().slice(0, 16)}`);
  if (exists(folder)) return folder;

  await Deno.mkdir(root, { recursive: true });
  let lock: FolderLock | undefined;
  await until("the loading of images by another lab", async () => {
    lock = await FolderLock.tryAcquire(join(root, "loading"), "loads images");
    return lock !== undefined;
  }, LOCK_LIMIT_MS);
  await using _ = lock!;
  if (exists(folder)) return folder;
  const making = join(root, "images-making");
  await Deno.remove(making, { recursive: true }).catch(() => {});
  await Deno.mkdir(join(making, "node", "overlay2", "l"), { recursive: true });
  await Deno.mkdir(join(making, "node", "image"));
  await saveImages(docker, names, join(making, "saved"));
  await fillRegistry(join(making, "saved"), join(making, "registry"));
  await Deno.remove(join(making, "saved"), { recursive: true });
  await pullAll(root, making, names);
  await Deno.rename(making, folder);
  return folder;
}

async function saveImages(docker: ReturnType<typeof connectDocker>, names: string[], folder: string) {
  await Deno.mkdir(folder);
  const unpack = new Deno.Command("tar", { args: ["-x", "-C", folder], stdin: "piped", stdout: "null" })
    .spawn();
  const archive = await new Promise<Readable>((resolve, reject) =>
    docker.modem.dial({
      path: "/images/get?",
      method: "GET",
      isStream: true,
      options: { names } as unknown as Record<string, unknown>,
      statusCodes: { 200: true },
    }, (error, answer) => error ? reject(error) : resolve(answer as Readable))
  );
  await Readable.toWeb(archive).pipeTo(unpack.stdin as WritableStream<unknown>);
  if (!(await unpack.status).success) {
    throw new Error("The images of this machine's engine cannot be unpacked");
  }
}

/** By an engine of a lab without any, from the registry: so they have the digests that the registry has. */
async function pullAll(root: string, making: string, names: readonly string[]): Promise<void> {
  const space = await LabSpace.open(join(root, `loading-${crypto.randomUUID().slice(0, 8)}`), "process");
  try {
    await startRegistry(space, join(making, "registry"));
    const dockerHost = await writeEngineSettings(space.folder, 1);
    await space.startNode(1, making);
    await until("the engine that loads the images", () => engineAnswers(dockerHost));
    const docker = connectDocker(dockerHost);
    for (const name of names) {
      const progress = await docker.pull(name);
      const said = (await Readable.from(progress).toArray()).join("");
      if (said.includes('"error"')) {
        throw new Error(`The lab cannot load ${name} from ${REGISTRY}: ${said.slice(-500)}`);
      }
    }
    await space.stopNode(1);
    const data = join(space.folder, "node-1", "data");
    await Deno.remove(join(making, "node"), { recursive: true });
    await Deno.mkdir(join(making, "node"));
    for (const part of ["image", "overlay2"]) await Deno.rename(join(data, part), join(making, "node", part));
  } finally {
    await space.close();
  }
}
