/**
 * `berth version`: prints the versions of Berth, Deno and the engine.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import PROJECT from "../../deno.json" with { type: "json" };
import { BerthError } from "../../lib/errors.ts";
import { parseDockerRunnerConfig } from "../../lib/runner/parse_docker_runner_config.ts";
import { type CliContext, EXIT } from "../context.ts";

/** Options of {@linkcode versionCommand}. */
export interface VersionOptions {
  /** Print one JSON object. */
  readonly json: boolean;
}

/** File in a container image, which holds no repository. */
const COMMIT_FILE = ".commit";

/**
 * Prints the versions of Berth, of Deno and of the configured engine.
 *
 * @param options How to print.
 * @param context The command's context.
 * @returns 0, even if the engine does not answer, which the output says.
 */
export async function versionCommand({ json }: VersionOptions, context: CliContext): Promise<number> {
  const commit = await commitOf(new URL("../../", import.meta.url));
  const engine = await engineOf(context);
  const versions = {
    berth: PROJECT.version,
    ...(commit !== undefined && { commit }),
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    typescript: Deno.version.typescript,
    engine,
  };
  const { terminal } = context;
  if (json) terminal.out(JSON.stringify(versions));
  else {
    terminal.out(
      `berth   ${PROJECT.version}${commit === undefined ? "" : ` (commit ${commit.slice(0, 12)})`}`,
    );
    terminal.out(`deno    ${versions.deno}`);
    terminal.out(
      `engine  ${"problem" in engine ? engine.problem : `${engine.version}, API ${engine.apiVersion}`}`,
    );
  }
  return EXIT.ok;
}

async function engineOf(
  context: CliContext,
): Promise<{ version: string; apiVersion: string } | { problem: string }> {
  try {
    await using orchestrator = await context.createOrchestrator(parseDockerRunnerConfig(context.env));
    const { version, apiVersion } = await orchestrator.info({ signal: context.signal });
    return { version, apiVersion };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof BerthError)) throw error;
    return { problem: error.message };
  }
}

/**
 * Finds the commit of a checkout.
 *
 * @param root The folder.
 * @returns The hash; `undefined` if the folder is no checkout.
 */
export async function commitOf(root: URL): Promise<string | undefined> {
  const read = async (path: string, base: URL | string = root) =>
    (await readFile(new URL(path, base), "utf8").catch(() => "")).trim();
  const hash = (text: string) => /^[0-9a-f]{40,64}$/.exec(text)?.[0];
  const head = await read(".git/HEAD");
  const ref = /^ref: (refs\/[\w./-]+)$/.exec(head)?.[1];
  if (ref === undefined) return hash(head) ?? hash(await read(COMMIT_FILE));
  const packed = (await read(".git/packed-refs")).split("\n").find((line) => line.endsWith(` ${ref}`));
  return hash(await read(`.git/${ref}`)) ?? hash(packed?.split(" ")[0] ?? "");
}
