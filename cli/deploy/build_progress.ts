/**
 * Shows the build of a bot's libraries.
 *
 * @module
 */

import { DependencyError } from "../../lib/dependencies/dependency_error.ts";
import { printable, type Terminal } from "../output/terminal.ts";
import { BuildFailedError } from "./build_dependencies.ts";
import type { DeployFolderOptions } from "./deploy_folder.ts";

/** Prefix of the lines in which a builder reports its steps; all other lines are its tool's. */
const STEP = "berth: ";

/**
 * Shows each step of a build, and the lines of its tool where lines can be replaced.
 *
 * @param terminal Where to show it.
 * @param name Name of the bot.
 * @returns The callbacks of a deployment.
 */
export function showBuild(
  terminal: Terminal,
  name: string,
): Required<Pick<DeployFolderOptions, "onBuilding" | "onLock">> {
  let step = "";
  return {
    onBuilding: (line) => {
      if (line.startsWith(STEP)) {
        step = line.slice(STEP.length);
        if (!terminal.interactive) terminal.note(printable(`${name}: ${step}`));
      }
      const shown = line.startsWith(STEP) ? "" : `: ${line.trim().slice(0, 60)}`;
      terminal.transient(printable(`${name}: ${step}${shown}`));
    },
    onLock: (file, problem) =>
      terminal.note(printable(
        problem === undefined
          ? `${name}: wrote ${file}, which pins every version: commit it`
          : `${name}: ${file} could not be written beside the source (${problem}); the service remembers the versions`,
      )),
  };
}

/**
 * Prints the lines of the tool if a deployment fails at its build.
 *
 * @param terminal Where to print them.
 * @param deploying The deployment.
 */
export async function explained<T>(terminal: Terminal, deploying: Promise<T>): Promise<T> {
  try {
    return await deploying;
  } catch (error) {
    terminal.transient("");
    if (error instanceof BuildFailedError || error instanceof DependencyError) {
      for (const line of error.lines) terminal.note(printable(`  ${line}`));
    }
    throw error;
  }
}
