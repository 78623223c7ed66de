/**
 * `berth guard`: lists what holds bots, and tells when a rule would have tripped.
 *
 * @module
 */

import { parse as parseYaml } from "yaml";
import { messageOf } from "../../lib/errors.ts";
import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT, UsageError } from "../context.ts";
import { short } from "../output/guard_words.ts";
import { formatTable } from "../output/table.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode guardCommand}. */
export interface GuardOptions {
  /** The action. */
  readonly action: string;
  /** Id of the bot. */
  readonly id?: string;
  /** Name of a guard of the bot. */
  readonly guard?: string;
  /** A rule, in YAML. */
  readonly rule?: string;
  /** Only lines at or after this time. @default all */
  readonly since?: Date;
  /** Print one JSON object. */
  readonly json: boolean;
}

/**
 * Lists the guards that hold, or replays a rule on the stored log of a bot.
 *
 * @param options The action.
 * @param context The command's context.
 * @throws {UsageError} If the arguments do not fit the action.
 */
export async function guardCommand(options: GuardOptions, context: CliContext): Promise<number> {
  const { action, id } = options;
  if (action !== "list" && action !== "replay") {
    throw new UsageError(`'guard' has no '${action}'; use list or replay.`);
  }
  if (action === "list" && id !== undefined) throw new UsageError("'guard list' takes no id.");
  using client = new ApiClient(serverOf(context.env));
  if (action === "list") return await list(client, options, context);
  if (id === undefined) throw new UsageError("'guard replay' needs the id of a bot.");
  if ((options.guard === undefined) === (options.rule === undefined)) {
    throw new UsageError("'guard replay' needs either --guard NAME or --rule RULE.");
  }
  return await replay(client, id, options, context);
}

async function list(
  client: ApiClient,
  { json }: GuardOptions,
  { terminal, signal }: CliContext,
): Promise<number> {
  const { latches, fleet } = await client.call("listLatches", {}, { signal });
  for (const problem of json ? [] : fleet.problems) terminal.note(printable(`berth: ${problem}`));
  if (json) terminal.out(JSON.stringify({ latches, fleet }, null, 2));
  else if (latches.length === 0) terminal.note("No guard holds a bot.");
  else {
    const rows = latches.map(({ bot, guard, at, action, text }) => [bot, guard, at, action, text]);
    const head = ["BOT", "GUARD", "TRIPPED", "ACTION", "WHY"];
    for (const line of formatTable([head, ...rows])) terminal.out(printable(line));
  }
  if (json || fleet.guards.length === 0) return EXIT.ok;
  const rows = fleet.guards.map((guard) => {
    const { name, bots, members, value, when, limit, action } = guard;
    const shown = value === undefined ? "-" : short(value, when);
    return [`fleet:${name}`, bots, String(members.length), shown, `${action} ${when} ${limit}`];
  });
  terminal.out("");
  const head = ["GUARD", "BOTS", "NUMBER", "VALUE", "RULE"];
  for (const line of formatTable([head, ...rows])) terminal.out(printable(line));
  return EXIT.ok;
}

async function replay(
  client: ApiClient,
  id: string,
  { guard, rule, since, json }: GuardOptions,
  { terminal, signal }: CliContext,
): Promise<number> {
  const query = {
    ...(guard !== undefined && { guard }),
    ...(rule !== undefined && { rule: JSON.stringify(readRule(rule)) }),
    ...(since && { since: since.toISOString() }),
  };
  const found = await client.call("replayGuard", { params: { id }, query }, { signal });
  const { trips, tripCount, numbers, oddities, from, to, lowest, highest, isComplete } = found;
  if (json) {
    terminal.out(JSON.stringify(found, null, 2));
    return EXIT.ok;
  }
  for (const { at, text } of trips) terminal.out(printable(`${at}  would have tripped: ${text}`));
  if (tripCount > trips.length) terminal.note(`berth: It would have tripped ${tripCount} times in all.`);
  if (tripCount === 0 && numbers > 0) terminal.out("It would not have tripped.");
  if (numbers === 0) terminal.note("berth: The log has no number for this rule.");
  else {terminal.note(
      `berth: ${numbers} numbers from ${from} to ${to}, compared from ${short(lowest!)} to ${
        short(highest!)
      }.`,
    );}
  if (oddities > 0) terminal.note(`berth: ${oddities} lines of the metric had no number.`);
  if (!isComplete) {
    terminal.note("berth: The log is too long to read all of it; ask again with a later --since.");
  }
  return EXIT.ok;
}

/** A rule that is only tried needs no name. */
function readRule(text: string): unknown {
  try {
    const rule = parseYaml(text, { maxAliasCount: 10 });
    return typeof rule === "object" && rule !== null && !Array.isArray(rule)
      ? { name: "rule", ...rule }
      : rule;
  } catch (error) {
    throw new UsageError(
      `--rule takes a rule such as '{ metric: equity, field: value, when: below, limit: 9000 }': ${
        messageOf(error).split("\n")[0]
      }`,
    );
  }
}
