/**
 * Commands that let people and programs in, and reach people.
 *
 * @module
 */

import type { CommandGroup } from "./command.ts";
import { readExpires, readNumber, text } from "./option_values.ts";

/** Commands that let people and programs in, and reach people. */
export const ACCESS_COMMANDS: CommandGroup = {
  title: "Give access",
  commands: {
    notify: {
      usage: "list",
      summary: "list the channels of notifications, or send them a test message",
      help: `Usage: berth notify list [--limit N] [--json]
       berth notify test NAME [--json]

'list' prints the channels of channels.yaml with what keeps them from working, mistakes in the file, the open
incidents, and the last deliveries. 'test' sends a message to one channel now, and says what the receiver answers.

  --limit N  number of deliveries (default: 20)
  --json     print JSON`,
      options: { limit: { type: "string" }, json: { type: "boolean" } },
      takes: { what: "list, or test and the name of a channel", min: 1, max: 2 },
      isClient: true,
      run: async ([action, name], { limit, json }, context) =>
        (await import("./notify_command.ts")).notifyCommand({
          action: action!,
          ...text("name", name),
          limit: readNumber("limit", limit) ?? 20,
          json: json === true,
        }, context),
    },
    token: {
      usage: "create NAME",
      summary: "make, list or revoke tokens for programs and other machines",
      help: `Usage: berth token create|list|revoke [NAME] [--role read|operate] [--expires TIME] [--json]

'create' makes a token and prints it once; nobody can see it again. 'list' lists the tokens, 'revoke' ends one at once.
A program sends it as 'Authorization: Bearer TOKEN'; the commands read it from BERTH_TOKEN, and the address of a service
on another machine from BERTH_SERVER.

  --role ROLE     what the token may do: read, or operate, which may also change everything
  --expires TIME  when the token ends, from now, such as 12h or 90d (default: never)
  --json          print JSON`,
      options: { role: { type: "string" }, expires: { type: "string" }, json: { type: "boolean" } },
      takes: { what: "create, list or revoke, and the name of a token", min: 1, max: 2 },
      isClient: true,
      run: async ([action, name], { role, expires, json }, context) =>
        (await import("./token_command.ts")).tokenCommand({
          action: action!,
          ...text("name", name),
          ...text("role", role),
          ...readExpires(expires),
          json: json === true,
        }, context),
    },
    secret: {
      usage: "set NAME",
      summary: "set, list or remove the secrets of bots",
      help: `Usage: berth secret set|list|rm [NAME] [--json]

'set' asks for the value without showing it, or reads it from standard input, and stores it in the service's encrypted
file; a bot with the reference age:NAME gets it. A new value replaces the bots that use it. 'list' lists the names;
nobody can read the values. 'rm' removes one.

  --json  print JSON`,
      options: { json: { type: "boolean" } },
      takes: { what: "set, list or rm, and the name of a secret", min: 1, max: 2 },
      isClient: true,
      run: async ([action, name], { json }, context) =>
        (await import("./secret_command.ts")).secretCommand(
          { action: action!, ...text("name", name), json: json === true },
          context,
        ),
    },
    dashboard: {
      summary: "print a link that logs a browser in",
      help: `Usage: berth dashboard [--json]

Prints a link that logs a browser in to the dashboard. It works once, within two minutes; the login lasts twelve hours.

  --json  print one JSON object`,
      options: { json: { type: "boolean" } },
      isClient: true,
      run: async (_args, { json }, context) =>
        (await import("./dashboard_command.ts")).dashboardCommand({ json: json === true }, context),
    },
  },
};
