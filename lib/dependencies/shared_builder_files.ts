/**
 * Gives builders their files by mounts, on an engine of this host.
 *
 * @module
 */

import { type ContainerSecrets, SECRETS_MOUNT } from "../secrets/container_secrets.ts";
import { onDisk } from "../util/files.ts";
import type { measureTree } from "../util/measure_tree.ts";
import { type BuilderFiles, type BuilderInput, type GivenFiles, INPUT, WORK } from "./builder_files.ts";

/** Parts of {@linkcode SharedBuilderFiles}. */
export interface SharedBuilderFilesOptions {
  /** Gives builders secrets as files in memory, which vanish with the workspace. */
  readonly secrets: Pick<ContainerSecrets, "give">;
  /** Measures a folder. */
  readonly measure: typeof measureTree;
}

/** Builders see folders of this host. Their system is read-only. */
export class SharedBuilderFiles implements BuilderFiles {
  readonly #options: SharedBuilderFilesOptions;

  /** @param options See {@linkcode SharedBuilderFilesOptions}. */
  constructor(options: SharedBuilderFilesOptions) {
    this.#options = options;
  }

  /** {@inheritDoc BuilderFiles.give} */
  async give(input: BuilderInput, signal: AbortSignal): Promise<GivenFiles> {
    const { folder, engine, user, secrets } = input;
    await fill(input);
    const given = Object.keys(secrets).length === 0
      ? undefined
      : await this.#options.secrets.give(secrets, { workspace: folder, user, asEnv: false, signal });
    const binds = [
      { source: `${folder}/input`, target: INPUT, readOnly: true },
      { source: `${folder}/work`, target: WORK },
      ...(given ? [{ source: given.folder, target: SECRETS_MOUNT, readOnly: true }] : []),
      ...input.folders.map((bind) => ({ ...bind, readOnly: true })),
    ];
    return {
      secrets: given?.values ?? new Map(),
      start: (spec, signal) => engine.createAndStart({ ...spec, binds, readOnlyRoot: true }, { signal }),
      measure: async (enoughBytes, signal) =>
        (await this.#options.measure(`${folder}/work`, { enoughBytes, signal })).bytes,
      collect: () => Promise.resolve(),
    };
  }
}

async function fill({ folder, user, files }: BuilderInput): Promise<void> {
  const owner = Deno.uid() === 0 ? user : undefined;
  await onDisk(`write to '${folder}'`, async () => {
    for (const name of ["input", "work"]) {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.chmod(`${folder}/${name}`, name === "work" ? 0o777 : 0o755);
      if (owner) await Deno.chown(`${folder}/${name}`, owner.uid, owner.gid);
    }
    for (const [name, text] of Object.entries(files)) {
      const path = `${folder}/input/${name}`;
      // Without an owner the container may run as another user of a rootless engine; the folder above is closed.
      await Deno.writeTextFile(path, text, { mode: owner ? 0o400 : 0o444 });
      if (owner) await Deno.chown(path, owner.uid, owner.gid);
    }
  });
}
