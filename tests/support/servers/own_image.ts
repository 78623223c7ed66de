/**
 * An image of a test's own, made of the files given, and removed at its end.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
// @ts-types="@types/tar-stream"
import tar from "tar-stream";
// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import { connectDocker } from "../../../lib/engine/docker/connect_docker.ts";

/** The description of an image. */
export interface OwnImageOptions {
  /** Its files by path; each is executable. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Its entrypoint. @default none */
  readonly entrypoint?: readonly string[];
  /** Processor that it is for, for example `s390x`. @default the machine's */
  readonly architecture?: string;
}

/** An image on an engine. */
export class OwnImage implements AsyncDisposable {
  /** Its name with its tag, unique to the test. */
  readonly name: string;
  readonly #docker: Docker;

  private constructor(docker: Docker, name: string) {
    this.#docker = docker;
    this.name = name;
  }

  /**
   * Makes an image, and loads it into an engine.
   *
   * @param dockerHost The engine.
   * @param options See {@linkcode OwnImageOptions}.
   */
  static async make(dockerHost: string, options: OwnImageOptions): Promise<OwnImage> {
    const docker = connectDocker(dockerHost);
    const name = `berth-test/own-${crypto.randomUUID().slice(0, 8)}:1`;
    const answer = await docker.loadImage(Readable.from([await archiveOf(name, options)]));
    const text = await buffer(answer);
    if (text.includes("errorDetail")) throw new Error(`the engine did not load the image: ${text}`);
    return new OwnImage(docker, name);
  }

  /** Removes the image. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#docker.getImage(this.name).remove({ force: true });
  }
}

async function archiveOf(
  name: string,
  { files, entrypoint, architecture }: OwnImageOptions,
): Promise<Buffer> {
  const layer = await tarOf(files);
  const config = JSON.stringify({
    os: "linux",
    architecture: architecture ?? (Deno.build.arch === "x86_64" ? "amd64" : "arm64"),
    config: { ...(entrypoint && { Entrypoint: entrypoint }) },
    rootfs: { type: "layers", diff_ids: [`sha256:${createHash("sha256").update(layer).digest("hex")}`] },
  });
  const manifest = JSON.stringify([{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }]);
  return await tarOf({
    "config.json": Buffer.from(config),
    "layer.tar": layer,
    "manifest.json": Buffer.from(manifest),
  });
}

async function tarOf(files: Readonly<Record<string, Uint8Array>>): Promise<Buffer> {
  const pack = tar.pack();
  for (const [name, content] of Object.entries(files)) {
    pack.entry({ name, mode: 0o755 }, Buffer.from(content));
  }
  pack.finalize();
  return await buffer(pack);
}
