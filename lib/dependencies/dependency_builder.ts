/**
 * Runs one build in a container: installs libraries, or bundles TypeScript.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { ContainerBuilder } from "../executable/container_builder.ts";
import type { BindMount, ContainerSpec } from "../engine/container_spec.ts";
import { discardContainer } from "../engine/discard_container.ts";
import { LABEL } from "../engine/labels.ts";
import type { Workspaces } from "../code/workspaces.ts";
import { removeTree } from "../code/remove_tree.ts";
import type { SecretReferences } from "../secrets/secret_resolver.ts";
import type { FileOwner } from "../util/files.ts";
import { passwordsIn, secretsIn } from "./builder_environment.ts";
import { type BuildEngine, type BuilderFiles, type GivenFiles, INPUT } from "./builder_files.ts";
import { type BuilderName, BUILDERS } from "./builders.ts";
import { watchBuild } from "./build_limits.ts";
import { BuildOutput } from "./build_output.ts";
import type { BuildSettings } from "./build_settings.ts";
import { DependencyError } from "./dependency_error.ts";
import { explainBuild } from "./explain_build.ts";

/** Parts of a {@linkcode DependencyBuilder}. */
export interface DependencyBuilderOptions {
  /** Labels that every container of this instance carries. */
  readonly ownLabels: () => Readonly<Record<string, string>>;
  /** Folders of the builds. */
  readonly workspaces: Workspaces;
  /** User that builders run as. */
  readonly user: FileOwner;
  /** Removes a folder that Berth may not remove itself. @param name Its name. @param image An image with a shell. */
  readonly discard: (name: string, image: string) => Promise<void>;
  /** Gives builders their files and secrets. `discard` removes what is in the workspace. */
  readonly files: BuilderFiles;
  /** Limits and surroundings. */
  readonly settings: BuildSettings;
}

/** One build. */
export interface BuildTask {
  /** Program that builds. */
  readonly builder: BuilderName;
  /** The input of the build program. */
  readonly task: Readonly<Record<string, unknown>>;
  /** Engine that builds. */
  readonly engine: BuildEngine;
  /** Reference of the image, which that engine must have. */
  readonly image: string;
  /** Interpreter of the image. */
  readonly interpreter: string;
  /** Folders of this host that the build reads. */
  readonly folders: readonly BindMount[];
  /** Whether the build needs the network. */
  readonly isOnline: boolean;
  /** Variables of the tools, by references to secrets. @default {none} */
  readonly secrets?: SecretReferences;
  /** Names of the files that the build leaves besides its archive. @default {none} */
  readonly leaves?: readonly string[];
  /** Name of the built file for error messages, for example `requirements.txt`. */
  readonly what: string;
}

/** Output of a build, valid until the callback returns. */
export interface BuildResult {
  /** Absolute path of the archive. Its content is not trusted. */
  readonly archive: string;
  /** Reads a small file that the build wrote. @param name Its name. */
  readonly read: (name: string) => Promise<string>;
}

/** Options of {@linkcode DependencyBuilder.run}. */
export interface RunBuildOptions {
  /** Called for each line that the build prints. */
  readonly onLine?: (line: string) => void;
  /** Cancels the build. */
  readonly signal: AbortSignal;
}

/** A build with its folder. */
interface StartedBuild {
  readonly folder: string;
  readonly name: string;
  readonly build: BuildTask;
  readonly files: GivenFiles;
}

/** Names of what a build leaves: its result, or what went wrong. */
const ARCHIVE = "result.zip";
const PROBLEM = "problem";
const MAX_TEXT_BYTES = 8 * 1024 ** 2;

/**
 * Runs builds in containers that are as closed as a bot's: no capabilities, a system that they cannot change, limits of
 * memory, time and disk, and nothing of Berth's but the input and one folder for the output.
 */
export class DependencyBuilder {
  readonly #options: DependencyBuilderOptions;
  readonly #log = getLogger(["berth", "runner"]);

  /** @param options See {@linkcode DependencyBuilderOptions}. */
  constructor(options: DependencyBuilderOptions) {
    this.#options = options;
  }

  /**
   * Runs a build, and calls a function with its result. Nothing of the build stays.
   *
   * @param build The build.
   * @param use The function.
   * @param options See {@linkcode RunBuildOptions}.
   * @returns The result of the function.
   * @throws {DependencyError} If the build fails; `lines` has the end of its output.
   * @throws {BerthError} If the folder cannot be written (`archive/io`).
   */
  async run<T>(
    build: BuildTask,
    use: (result: BuildResult) => Promise<T>,
    { onLine, signal }: RunBuildOptions,
  ): Promise<T> {
    const { workspaces, discard, settings, user } = this.#options;
    const name = await workspaces.create("build");
    const folder = workspaces.path(name);
    try {
      const input = { secrets: {}, ...build, name, folder, user, files: await this.#filesOf(build) };
      const files = await this.#options.files.give(input, signal);
      const hidden = [...passwordsIn(settings.environment), ...secretsIn(files.secrets)];
      await this.#build({ folder, name, build, files }, new BuildOutput(hidden, onLine), signal);
      signal.throwIfAborted();
      return await use({
        archive: await fileOf(`${folder}/work/${ARCHIVE}`, build.what),
        read: async (file) => {
          const path = await fileOf(`${folder}/work/${file}`, build.what);
          if ((await Deno.lstat(path)).size > MAX_TEXT_BYTES) throw noResult(build.what);
          return await Deno.readTextFile(path);
        },
      });
    } finally {
      // Usually the files belong to a user whose files root may remove.
      await removeTree(`${folder}/work`).catch(() => {});
      await discard(name, build.image);
    }
  }

  /** The builder's input. Only its user can read it: there may be passwords in it. */
  async #filesOf({ builder, task }: BuildTask): Promise<Record<string, string>> {
    const { environment, certificates } = this.#options.settings;
    return {
      ...BUILDERS[builder],
      "task.json": JSON.stringify(task),
      "environment.json": JSON.stringify({
        ...Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, value.reveal()])),
        ...(certificates !== undefined && CERTIFICATE_VARIABLES),
      }),
      ...(certificates !== undefined && { "certificates.pem": await readCertificates(certificates) }),
    };
  }

  async #build(started: StartedBuild, output: BuildOutput, signal: AbortSignal): Promise<void> {
    const { folder, build, files } = started;
    const { engine } = build;
    const { settings } = this.#options;
    const begun = performance.now();
    using limits = watchBuild((signal) => files.measure(settings.diskBytes, signal), settings);
    const either = AbortSignal.any([signal, limits.signal]);
    const spec = this.#specOf(started);
    try {
      const { id } = await files.start(spec, either);
      const following = follow(engine, id, output, either);
      const { exitCode, oomKilled } = await engine.wait(id, { signal: either });
      await following;
      await files.collect(id, exitCode === 0 ? [ARCHIVE, ...build.leaves ?? []] : [PROBLEM], either);
      this.#log.debug("dependencies built", {
        builder: build.builder,
        exitCode,
        ms: Math.round(performance.now() - begun),
      });
      if (exitCode === 0) return;
      const problem = await problemIn(`${folder}/work/${PROBLEM}`);
      throw explainBuild({ ...build, exitCode, oomKilled, problem, lines: output.lines, settings });
    } catch (error) {
      signal.throwIfAborted();
      if (limits.reason === undefined) throw error;
      throw explainBuild({ ...build, exceeded: limits.reason, lines: output.lines, settings });
    } finally {
      await discardContainer(engine, spec.name, { signal });
    }
  }

  #specOf({ name, build }: StartedBuild): ContainerSpec {
    const { user, ownLabels, settings } = this.#options;
    const script = `${INPUT}/${Object.keys(BUILDERS[build.builder])[0]}`;
    const spec = new ContainerBuilder(`berth-${name}`, build.image)
      .withLabels({ ...ownLabels(), [LABEL.kind]: "build", [LABEL.folder]: name })
      .withCommand([build.interpreter, script])
      .withEnv({ HOME: "/build/home", TMPDIR: "/build/tmp", PYTHONDONTWRITEBYTECODE: "1" })
      // A small share, so that bots come first.
      .withResources({
        memoryBytes: settings.memoryBytes,
        cpuShares: 128,
        pids: 512,
        diskBytes: settings.diskBytes,
      })
      .withLogs({ maxSizeBytes: 1024 ** 2, maxFiles: 3 })
      .withSecurity({ user: `${user.uid}:${user.gid}`, capabilities: [], allowNewPrivileges: false })
      .withNetwork(build.isOnline ? settings.network : "none")
      .build();
    return { ...spec, tmpfs: [{ target: "/tmp", sizeBytes: 16 * 1024 ** 2 }] };
  }
}

const CERTIFICATES = `${INPUT}/certificates.pem`;
const CERTIFICATE_VARIABLES = {
  SSL_CERT_FILE: CERTIFICATES,
  PIP_CERT: CERTIFICATES,
  REQUESTS_CA_BUNDLE: CERTIFICATES,
  NODE_EXTRA_CA_CERTS: CERTIFICATES,
  NPM_CONFIG_CAFILE: CERTIFICATES,
};

async function readCertificates(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new DependencyError("failed", `Cannot read the certificates at '${path}'.`, {
      advice: "Correct SSL_CERT_FILE in the environment of the service.",
      cause: error,
    });
  }
}

async function follow(
  engine: BuildEngine,
  id: string,
  output: BuildOutput,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const { text } of engine.getLogs(id, { follow: true, signal })) output.add(text);
  } catch (error) {
    // The end of the container decides; its output only explains.
    if (!signal.aborted) output.add(`berth: the output is not complete: ${(error as Error).message}`);
  }
}

/** The container is gone, so nothing can replace the file by a link. */
async function fileOf(path: string, what: string): Promise<string> {
  const info = await Deno.lstat(path).catch(() => undefined);
  if (!info?.isFile) throw noResult(what);
  return path;
}

async function problemIn(path: string): Promise<string | undefined> {
  const info = await Deno.lstat(path).catch(() => undefined);
  return info?.isFile && info.size < 4096 ? await Deno.readTextFile(path) : undefined;
}

function noResult(what: string): DependencyError {
  return new DependencyError("failed", `The build of ${what} ended without a result.`, {
    advice: "A package has interfered with it; deploy with the folders that the bot needs (--vendor).",
  });
}
