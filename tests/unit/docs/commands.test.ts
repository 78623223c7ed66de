import assert from "node:assert/strict";
import type { Command, ListedCommand } from "../../../cli/commands/command.ts";
import { ALIASES, COMMANDS, GROUPS, isClientCommand } from "../../../cli/commands/commands.ts";
import { usageText } from "../../../cli/commands/usage_text.ts";
import { ROOT } from "../../support/builders/doc_blocks.ts";

const ALL: readonly (readonly [string, ListedCommand & Partial<Command>])[] = GROUPS.flatMap(({ commands }) =>
  Object.entries(commands)
);
/** Commands with a help text of their own are the program's, the others the script's. */
const OF_THE_PROGRAM = ALL.filter(([, { help }]) => help !== undefined).map(([name]) => name);
const OF_THE_SCRIPT = ALL.filter(([, { help }]) => help === undefined).map(([name]) => name);

Deno.test("cli/usage.txt is what the help texts of the commands make", async () => {
  assert.equal(await Deno.readTextFile(`${ROOT}cli/usage.txt`), usageText());
});

Deno.test("every command of the program has a help text and a task, and no task has no command", async () => {
  assert.deepEqual(OF_THE_PROGRAM.toSorted(), Object.keys(COMMANDS).sort());
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)) as {
    tasks: Record<string, string>;
  };
  const ofProgram = Object.entries(tasks).flatMap(([name, line]) => {
    const [, started] = /main\.ts ([a-z-]+)$/.exec(line) ?? [];
    return started === undefined ? [] : [[name, started]];
  });
  assert.deepEqual(ofProgram.map(([, name]) => name).sort(), OF_THE_PROGRAM.toSorted());
  for (const [name, started] of ofProgram) assert.equal(name, started, "the task is named for the command");
  for (const name of OF_THE_SCRIPT.filter((name) => name !== "setup")) {
    assert.ok(Object.hasOwn(tasks, name), name);
  }
});

Deno.test("the script berth has a branch for every command, and for no other", async () => {
  // A long list of names may go on in the next line.
  const script = (await Deno.readTextFile(`${ROOT}berth`)).replace(/\\\n +/g, "");
  const [asking, ...others] = [...script.matchAll(/^case \$command in\n([^]*?)^esac$/gm)].map((
    [, branches],
  ) => [...branches!.matchAll(/^ {2}([a-z][a-z |-]*?)\)$/gm)].flatMap(([, names]) => names!.split(" | ")));
  const known = [...ALL.map(([name]) => name), ...Object.keys(ALIASES), "help", "-h", "--help"];
  assert.deepEqual([...asking!, ...others.flat()].toSorted(), known.toSorted());
  const names = [...Object.keys(COMMANDS), ...Object.keys(ALIASES)];
  assert.deepEqual(asking!.toSorted(), names.filter(isClientCommand).toSorted(), "these need no engine");
});

Deno.test("every command that only asks the service has the permissions of one", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)) as {
    tasks: Record<string, string>;
  };
  for (const name of OF_THE_PROGRAM) {
    assert.equal(/ -P=(client|deploy) /.test(tasks[name]!), isClientCommand(name), name);
  }
});

Deno.test("every line of a help text fits into 120 columns, and starts no sentence with 'Of' or 'What'", () => {
  for (const [name, { help = "", summary }] of ALL) {
    for (const line of help.split("\n")) assert.ok(line.length <= 120, `${name}: ${line}`);
    assert.doesNotMatch(`${summary}\n${help}`, /(^|\. )(Of|What|Who) /m, name);
  }
});
