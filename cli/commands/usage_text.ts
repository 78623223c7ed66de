/**
 * The usage text of the program.
 *
 * @module
 */

import { GROUPS } from "./commands.ts";

/** Column in which the summaries begin. */
const SUMMARY_COLUMN = 22;

/**
 * Makes the usage text. `cli/usage.txt` holds the same, because the script prints it without Deno.
 *
 * @returns The text, with a line end.
 */
export function usageText(): string {
  const sections = GROUPS.map(({ title, commands }) => {
    const lines = Object.entries(commands).map(([name, { usage, summary }]) => {
      const head = `  ${name}${usage ? ` ${usage}` : ""}`;
      return head.length < SUMMARY_COLUMN
        ? head.padEnd(SUMMARY_COLUMN) + summary
        : `${head}\n${" ".repeat(SUMMARY_COLUMN)}${summary}`;
    });
    return `\n${title}\n${lines.join("\n")}\n`;
  });
  return "Berth keeps trading bots running in Docker containers.\n\n" +
    "Usage: berth COMMAND [ARGUMENTS]\n" +
    "       berth COMMAND --help\n" +
    sections.join("") + FOOTER;
}

/** The notes that apply to all commands. */
const FOOTER = `
Commands that ask the service find the one of this machine by themselves. --server URL, or BERTH_SERVER, names another
one, and BERTH_TOKEN is the token for it ('berth token create' makes one).

Exit codes: 0 done, 1 failed, 2 wrong command line or configuration, 69 something needed is not there (a service that
answers, a registry), 130 ended by Ctrl-C. 'run' and 'backtest' pass on the program's own code.
`;
