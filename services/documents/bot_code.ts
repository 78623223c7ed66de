/**
 * The part of a document that describes the bot's code.
 *
 * @module
 */

import { type CodeDependencies, codeDependencies } from "../../lib/executable/code_dependencies.ts";
import type { ExecutableInput } from "../../lib/executable/executable.ts";
import { IMAGE_RUNTIME } from "../../lib/executable/runtimes.ts";
import { deployedFacts, FACTS_KEY } from "./deployed_facts.ts";
import { field, type Fields, isObject, typeName } from "./document_fields.ts";

/** The fields of an executable that come from `custom`. */
export type BotCode = Pick<
  ExecutableInput,
  "filePath" | "version" | "runtime" | "entrypointFiles" | "dependencies"
>;

/**
 * Reads `custom`. Requires only the script of entrypoint `bot`, and not even that of a bot with an image of its own.
 *
 * @param custom The field's value.
 * @param problems Receives a line for each problem.
 * @returns The fields; meaningless if a problem was added.
 */
export function readBotCode(
  custom: unknown,
  problems: string[],
): BotCode {
  const nothing = { filePath: "", entrypointFiles: {} };
  const wrong = (name: string, wanted: string, value: unknown) => {
    problems.push(`${name}: must be ${wanted} (is ${typeName(value)})`);
    return nothing;
  };
  if (!isObject(custom)) return wrong("custom", "an object that describes the bot's code", custom);
  const filePath = field(custom, "filePath");
  if (typeof filePath !== "string") {
    return wrong("custom.filePath", "the archive's key in the code bucket", filePath);
  }
  const version = field(custom, "version") ?? "";
  if (!["string", "number"].includes(typeof version)) return wrong("custom.version", "a string", version);

  const config = field(custom, "config");
  if (!isObject(config)) return wrong("custom.config", "an object", config);
  const runtime = field(config, "runtime") ?? "";
  if (typeof runtime !== "string") return wrong("custom.config.runtime", "the name of a runtime", runtime);
  const isImage = runtime === IMAGE_RUNTIME;
  const entrypoints = field(config, "entrypoints") ?? (isImage ? {} : undefined);
  if (!isObject(entrypoints)) {
    return wrong("custom.config.entrypoints", 'an object such as { "bot": "main.py" }', entrypoints);
  }
  const bot = field(entrypoints, "bot") ?? undefined;
  if (typeof bot !== "string" && (bot !== undefined || !isImage)) {
    return wrong("custom.config.entrypoints.bot", "the script to run", bot);
  }
  const dependencies = dependenciesIn(deployedFacts(custom), problems);
  return {
    filePath,
    version: String(version),
    ...(runtime !== "" && { runtime }),
    entrypointFiles: bot === undefined ? {} : { bot },
    ...(dependencies && { dependencies }),
  };
}

/** The dependencies that a deployment built. Code must not start without them, so an unusable value makes the document invalid. */
function dependenciesIn(facts: Fields, problems: string[]): CodeDependencies | undefined {
  const value = field(facts, "dependencies");
  if (value === undefined || value === null) return undefined;
  const parsed = codeDependencies.safeParse(value);
  if (parsed.success) return parsed.data;
  problems.push(`custom.${FACTS_KEY}.dependencies: is not what a deployment writes; deploy the bot again`);
  return undefined;
}
