/**
 * Puts saved images into the folder of a registry that does not run yet: a push would compress layers that are read
 * only once.
 *
 * @module
 */

import { dirname, join } from "node:path";

interface SavedImage {
  readonly Config: string;
  readonly RepoTags: readonly string[] | null;
  readonly Layers: readonly string[];
}

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG = "application/vnd.docker.container.image.v1+json";
const LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/**
 * Fills the folder of a registry.
 *
 * @param saved Folder with an unpacked `docker save`. Its layers are moved.
 * @param storage Folder of the registry, which is made.
 */
export async function fillRegistry(saved: string, storage: string): Promise<void> {
  const root = join(storage, "docker/registry/v2");
  const images: SavedImage[] = JSON.parse(await Deno.readTextFile(join(saved, "manifest.json")));
  for (const image of images) {
    const config = await Deno.readFile(join(saved, image.Config));
    // The digest of a layer that is not compressed is the one that the image itself names.
    const digests: string[] = JSON.parse(new TextDecoder().decode(config)).rootfs.diff_ids;
    const layers = [];
    for (const [index, digest] of digests.entries()) {
      const blob = blobPath(root, digest);
      if (!await hasFile(blob)) {
        await Deno.mkdir(dirname(blob), { recursive: true });
        await Deno.rename(await Deno.realPath(join(saved, image.Layers[index]!)), blob);
      }
      layers.push({ mediaType: LAYER, size: (await Deno.stat(blob)).size, digest });
    }
    const described = { mediaType: CONFIG, size: config.length, digest: await putBlob(root, config) };
    const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: described, layers };
    const digest = await putBlob(root, new TextEncoder().encode(JSON.stringify(manifest)));
    for (const name of image.RepoTags ?? []) {
      await link(root, name, digest, [described.digest, ...digests]);
    }
  }
}

async function link(root: string, name: string, manifest: string, blobs: readonly string[]): Promise<void> {
  const [repository = "", tag = ""] = name.split(/:(?=[^:/]*$)/);
  const folder = join(root, "repositories", repository.includes("/") ? repository : `library/${repository}`);
  const write = async (path: string, digest: string) => {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeTextFile(join(folder, path), digest);
  };
  for (const digest of blobs) await write(`_layers/${digest.replace(":", "/")}/link`, digest);
  const revision = manifest.replace(":", "/");
  await write(`_manifests/revisions/${revision}/link`, manifest);
  await write(`_manifests/tags/${tag}/current/link`, manifest);
  await write(`_manifests/tags/${tag}/index/${revision}/link`, manifest);
}

async function putBlob(root: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = `sha256:${new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex()}`;
  const path = blobPath(root, digest);
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeFile(path, bytes);
  return digest;
}

function blobPath(root: string, digest: string): string {
  const hash = digest.split(":")[1]!;
  return join(root, "blobs/sha256", hash.slice(0, 2), hash, "data");
}

async function hasFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
