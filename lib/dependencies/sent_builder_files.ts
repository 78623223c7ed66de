/**
 * Gives builders their files through the engine, which may be on another host.
 *
 * @module
 */

import type { ContainerSpec } from "../engine/container_spec.ts";
import { LABEL } from "../engine/labels.ts";
import { ContainerFileError } from "../errors.ts";
import { SECRETS_MOUNT } from "../secrets/container_secrets.ts";
import type { SecretResolver } from "../secrets/secret_resolver.ts";
import { onDisk } from "../util/files.ts";
import { builderArchive } from "./builder_archive.ts";
import {
  type BuildEngine,
  type BuilderFiles,
  type BuilderInput,
  type GivenFiles,
  WORK,
} from "./builder_files.ts";
import { DependencyError } from "./dependency_error.ts";
import { saveTarFile } from "./save_tar_file.ts";

/** Parts of {@linkcode SentBuilderFiles}. */
export interface SentBuilderFilesOptions {
  /** Reads secrets. */
  readonly secrets: Pick<SecretResolver, "resolve">;
  /** Size of the largest file that a builder may leave, in bytes. */
  readonly maxBytes: number;
  /** How long a builder lives at most, in ms: nobody else ends one whose Berth is gone. */
  readonly maxLifeMs: number;
}

/** Tells a builder that its secrets are there. */
const SIGN = "/tmp/berth-given";
const WAIT = `until [ -e ${SIGN} ]; do sleep 0.1; done`;
/** Prints first: the time limit of a command begins with its output. */
const GIVE = `
echo begun; umask 077; at=0
for name; do printenv "BERTH_GIVEN_$at" > "${SECRETS_MOUNT}/$name" || exit; at=$((at + 1)); done
: > ${SIGN}
`;
const GIVE_MS = 30_000;
const SECRETS_BYTES = 16 * 1024 ** 2;

/**
 * Builders get a copy of their files in their own layer, and their secrets in memory. Everything that they write is in
 * that layer, which is removed with them.
 */
export class SentBuilderFiles implements BuilderFiles {
  readonly #options: SentBuilderFilesOptions;

  /** @param options See {@linkcode SentBuilderFilesOptions}. */
  constructor(options: SentBuilderFilesOptions) {
    this.#options = options;
  }

  /** {@inheritDoc BuilderFiles.give} */
  async give(input: BuilderInput, signal: AbortSignal): Promise<GivenFiles> {
    const { name, folder, engine } = input;
    const { maxLifeMs } = this.#options;
    await onDisk(`write to '${folder}'`, () => Deno.mkdir(`${folder}/work`, { mode: 0o700 }));
    const secrets = await this.#options.secrets.resolve(input.secrets, { signal });
    return {
      secrets,
      async start(spec, signal) {
        const bounded = boundedSpec(spec, maxLifeMs, secrets.size > 0);
        const info = await engine.createAndStart(bounded, { signal, content: builderArchive(input) });
        if (secrets.size > 0) await hand(engine, info.id, secrets, signal);
        return info;
      },
      async measure(_enoughBytes, signal) {
        const layers = await engine.listLayers({ labels: { [LABEL.folder]: name }, signal });
        return [...layers.values()].reduce((sum, bytes) => sum + bytes, 0);
      },
      collect: async (container, names, signal) => {
        for (const file of names) await this.#fetch(engine, container, file, folder, signal);
      },
    };
  }

  async #fetch(
    engine: BuildEngine,
    container: string,
    file: string,
    folder: string,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const content = engine.readFolder(container, `${WORK}/${file}`, { signal });
      await saveTarFile(content, `${folder}/work/${file}`, this.#options.maxBytes);
    } catch (error) {
      if (!(error instanceof ContainerFileError)) throw error;
    }
  }
}

/** Makes a builder begin once it has its secrets, and end by its own clock at the latest. */
function boundedSpec(spec: ContainerSpec, maxLifeMs: number, hasSecrets: boolean): ContainerSpec {
  const end = `(sleep ${Math.ceil(maxLifeMs / 1000)}; kill -9 -1) >/dev/null 2>&1 &`;
  const script = [end, ...(hasSecrets ? [WAIT] : []), 'exec "$@"'].join("\n");
  return {
    ...spec,
    command: ["/bin/sh", "-c", script, "sh", ...spec.command],
    tmpfs: [...spec.tmpfs, ...(hasSecrets ? [{ target: SECRETS_MOUNT, sizeBytes: SECRETS_BYTES }] : [])],
  };
}

/**
 * The variables of a command are not in the container's stored configuration, and the builder's processes do not have
 * them. The engine writes them to a temporary file of its host for the moment in which it starts the command.
 */
async function hand(
  engine: BuildEngine,
  container: string,
  secrets: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const values = [...secrets.values()].map((value, at) => [`BERTH_GIVEN_${at}`, value]);
  const { end, exitCode } = await engine.runCommand(container, {
    command: ["/bin/sh", "-c", GIVE, "sh", ...secrets.keys()],
    env: Object.fromEntries(values),
    timeoutMs: GIVE_MS,
    maxOutputBytes: 4096,
    signal,
  });
  if (end === "exited" && exitCode === 0) return;
  throw new DependencyError("failed", "The builder did not take its secrets.", {
    advice: "Use an image with sh and printenv, or bring the libraries along (--vendor).",
  });
}
