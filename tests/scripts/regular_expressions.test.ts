/**
 * No regular expression of the program takes longer than linear time, whatever it is given: documents, events, lines
 * and names are written by others. recheck finds those that may.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FOLDERS = ["lib", "services", "cli"];
const CODE = /\.(?:ts|js|cjs|mjs)$/;
/** It is not among the imports, so that nobody but this test has to fetch it. */
const CHECKER = "npm:recheck@4.5.0";

/** Made from strings, and looked at by a person: anchored, or without neighbours that match the same. */
const COMPOSED = [
  "lib/objects/minio/minio_append.ts",
  "lib/logs/json_line.ts",
  "lib/logs/log_checkpoints.ts",
  "services/mongo/connect_mongo.ts",
  "services/schedules/run_names.ts",
  "services/api/allowed_methods.ts",
  "services/api/secret_records.ts",
  "cli/commands/completions_command.ts",
];

interface Expression {
  readonly place: string;
  readonly source: string;
  readonly flags: string;
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}${folder}`)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* filesIn(path);
    else if (CODE.test(name)) yield path;
  }
}

/** The expressions of a file, by Deno's own parser. */
function expressionsOf(path: string, code: string): Expression[] {
  const found: Expression[] = [];
  const plugin: Deno.lint.Plugin = {
    name: "expressions",
    rules: {
      all: {
        create: () => ({
          Literal(node) {
            if (!("regex" in node) || !node.regex) return;
            const line = code.slice(0, node.range[0]).split("\n").length;
            const { pattern: source, flags } = node.regex as { pattern: string; flags: string };
            found.push({ place: `${path}:${line}`, source, flags });
          },
        }),
      },
    },
  };
  Deno.lint.runPlugin(plugin, path.replace(/\.[cm]js$/, ".js"), code);
  return found;
}

async function check(expressions: readonly Expression[]): Promise<string[]> {
  const different = new Map(expressions.map((each) => [`/${each.source}/${each.flags}`, each]));
  const script = `
    import { checkSync } from "${CHECKER}";
    const all = JSON.parse(Deno.readTextFileSync(Deno.args[0]));
    const slow = all.flatMap(({ place, source, flags }) => {
      const { status, complexity } = checkSync(source, flags, { checker: "automaton", timeout: null });
      return status === "safe" ? [] : [place + ": /" + source + "/" + flags + " " + (complexity?.summary ?? status)];
    });
    console.log(JSON.stringify(slow));`;
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  try {
    await Deno.writeTextFile(`${folder}/check.js`, script);
    await Deno.writeTextFile(`${folder}/all.json`, JSON.stringify([...different.values()]));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-config", "--no-lock", "-A", `${folder}/check.js`, `${folder}/all.json`],
      // Its native form where there is one: it takes a quarter of the time.
      env: { RECHECK_BACKEND: "auto" },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("no regular expression takes longer than linear time", async () => {
  const expressions: Expression[] = [];
  const composed: string[] = [];
  for (const folder of FOLDERS) {
    for await (const path of filesIn(folder)) {
      const code = await Deno.readTextFile(`${ROOT}${path}`);
      if (/\bRegExp\(/.test(code)) composed.push(path);
      expressions.push(...expressionsOf(path, code));
    }
  }
  assert.deepEqual(composed.filter((path) => !COMPOSED.includes(path)), []);
  assert.ok(expressions.length > 50, `only ${expressions.length} were found`);
  // The check itself finds what is slow.
  const known = { place: "known", source: "^\\s+|\\s+$", flags: "g" };
  const slow = await check([...expressions, known]);
  assert.match(slow.pop() ?? "", /^known: .*2nd degree polynomial/);
  assert.deepEqual(slow, []);
});
