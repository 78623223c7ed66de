/**
 * The files of a new bot. Pure.
 *
 * @module
 */

import { nodeTemplate } from "./node_template.ts";
import { PLAIN_RUNTIMES, type PlainRuntime, plainTemplate } from "./plain_template.ts";
import { pythonTemplate } from "./python_template.ts";
import { typescriptTemplate } from "./typescript_template.ts";

/** The kind of bot to make. */
export interface BotTemplateOptions {
  /** Id of the bot. */
  readonly name: string;
  /** Name of its runtime. */
  readonly runtime: TemplateRuntime;
  /** Whether it runs on a schedule. */
  readonly isScheduled: boolean;
  /** Whether it is written in TypeScript, which only the runtimes of Node.js run. @default {false} */
  readonly isTypeScript?: boolean;
}

/** A runtime that there is a template for. */
export type TemplateRuntime = (typeof TEMPLATE_RUNTIMES)[number];

/** The runtimes that there is a template for. */
export const TEMPLATE_RUNTIMES = [
  "python3.11",
  "python3.12",
  "python3.13",
  "nodejs20",
  "nodejs22",
  "nodejs24",
  ...PLAIN_RUNTIMES,
] as const;

/** The parts that differ between languages. */
interface Language {
  /** Extension of its files. */
  readonly extension: string;
  /** Command that runs the test. */
  readonly test: string;
  /** Writes the code. */
  readonly files: (isScheduled: boolean) => Readonly<Record<string, string>>;
}

const PYTHON: Language = { extension: "py", test: "python3 -m unittest", files: pythonTemplate };
const NODE: Language = { extension: "js", test: "node --test", files: nodeTemplate };

const TYPESCRIPT: Language = {
  extension: "ts",
  test: "node --test price.test.ts",
  files: typescriptTemplate,
};

const CONFIG = `{
  "symbol": "BTC-USD",
  "limit": 100.0,
  "interval_seconds": 1
}
`;

/**
 * Writes the files of a bot that runs as it is.
 *
 * @param options The kind of bot.
 * @returns Contents by file name.
 */
export function botTemplate(options: BotTemplateOptions): Readonly<Record<string, string>> {
  if (isPlain(options.runtime)) return plainTemplate(options.name, options.runtime);
  const language = options.isTypeScript ? TYPESCRIPT : options.runtime.startsWith("nodejs") ? NODE : PYTHON;
  return {
    "bot-config.yaml": description(options, language),
    "config.json": CONFIG,
    ...language.files(options.isScheduled),
    "README.md": readme(options, language),
  };
}

/** Whether a runtime has only a bot that runs until it is stopped. @param runtime Name of the runtime. */
export function isPlain(runtime: TemplateRuntime): runtime is PlainRuntime {
  return (PLAIN_RUNTIMES as readonly string[]).includes(runtime);
}

function description({ name, runtime, isScheduled }: BotTemplateOptions, { extension }: Language): string {
  const schedule = isScheduled
    ? "schedule: \"*/5 * * * *\" # every five minutes; 'berth schedule preview' shows the times of an expression\n" +
      "# timezone: America/New_York # UTC unless set\n"
    : "";
  return `name: ${name}
description: Says when a price crosses a limit.
version: 1.0.0
runtime: ${runtime}
${schedule}entrypoints:
  bot: main.${extension}
${isScheduled ? "" : `  backtest: backtest.${extension}\n`}`;
}

function readme({ name, isScheduled }: BotTemplateOptions, { extension, test }: Language): string {
  const kind = isScheduled
    ? "It runs at the times of its schedule, and ends by itself."
    : "It runs until it is stopped.";
  const look = isScheduled
    ? `berth schedules            # when it runs next\n${
      `berth run-now ${name}`.padEnd(26)
    } # do not wait\nberth runs ${name}`
    : `berth logs ${name} -f`;
  const backtest = isScheduled ? "" : `- \`backtest.${extension}\`: the same logic on past prices\n`;
  const tryIt = isScheduled ? "" : "berth backtest .           # prints what the backtest returns\n";
  return `# ${name}

Says when a price crosses a limit. ${kind}

- \`bot-config.yaml\`: name, version and runtime
- \`config.json\`: what \`main(id, config)\` gets as \`config\`
- \`main.${extension}\`: the program; \`price.${extension}\`: its logic, which the test checks
${backtest}
\`\`\`sh
${test.padEnd(26)} # needs no Berth
${tryIt}berth run .                # runs it here until Ctrl-C
berth start                # the service, in another terminal
berth deploy .             # gives it to the service; again after each change
${look}
\`\`\`
`;
}
