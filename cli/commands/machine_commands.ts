/**
 * Commands for this machine.
 *
 * @module
 */

import { type CommandGroup, FOLDER } from "./command.ts";

/** Commands for this machine. */
export const MACHINE_COMMANDS: CommandGroup = {
  title: "This machine",
  commands: {
    doctor: {
      summary: "check engine, images, folders and servers",
      help: `Usage: berth doctor [--json]

Checks everything that the configuration names: engine, images, folders, database, object store, event bus and service.
Says what is wrong and what to do. Changes nothing. Exits with 1 if there is a problem.

  --json  print one JSON array`,
      options: { json: { type: "boolean" } },
      run: async (_args, { json }, context) =>
        (await import("./doctor_command.ts")).doctorCommand({ json: json === true }, context),
    },
    setup: {
      summary: "install what is missing: Deno, an engine, images, memory for secrets",
    },
    images: {
      usage: "[DIR...]",
      summary: "pull missing images",
      help: `Usage: berth images [DIR...] [--all]

Pulls the images that are missing on the engine: those of the given bot folders, or those of python3.11 and nodejs20.
Credentials of registries come from the Docker configuration of your user (DOCKER_CONFIG, by default ~/.docker).

  --all  pull the images of every runtime`,
      options: { all: { type: "boolean" } },
      takes: { ...FOLDER, min: 0, max: Infinity },
      run: async (folders, { all }, context) =>
        (await import("./images_command.ts")).imagesCommand({ folders, all: all === true }, context),
    },
    version: {
      summary: "print the versions of Berth, Deno and the engine",
      help: `Usage: berth version [--json]

Prints the versions of Berth, Deno and the engine.

  --json  print one JSON object`,
      options: { json: { type: "boolean" } },
      run: async (_args, { json }, context) =>
        (await import("./version_command.ts")).versionCommand({ json: json === true }, context),
    },
    completions: {
      usage: "SHELL",
      summary: "print a script that completes commands and ids",
      help: `Usage: berth completions SHELL

Prints a script for bash, zsh or fish that completes commands, options, and the ids of bots and schedules. For bash:

  source <(berth completions bash)`,
      takes: { what: "bash, zsh or fish", min: 1, max: Infinity },
      isClient: true,
      run: async (args, _values, context) =>
        (await import("./completions_command.ts")).completionsCommand(args, context),
    },
    permissions: {
      summary: "print the permissions that the service runs with",
      help: `Usage: berth permissions [--lenient]

Prints the flags of 'deno run' that the service needs with the current configuration, and no others.

  --lenient  if the configuration is invalid, print the flags that 'start' needs to report that`,
      options: { lenient: { type: "boolean" } },
      run: async (_args, { lenient }, context) =>
        (await import("./permissions_command.ts")).permissionsCommand({ lenient: lenient === true }, context),
    },
  },
};
