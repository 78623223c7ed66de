import { strict as assert } from "node:assert";
import { type CodeNeeds, codeNeeds, needsNothing } from "../../../../lib/dependencies/code_needs.ts";
import { DependencyError } from "../../../../lib/dependencies/dependency_error.ts";
import { hashOf } from "../../../../lib/dependencies/dependency_key.ts";
import { stampFor } from "../../../../lib/dependencies/requirements_text.ts";

const PYTHON = { interpreter: "python3" };
const NODE = { interpreter: "node" };

function needsOf(
  runtime: { readonly interpreter: string },
  files: Readonly<Record<string, string>>,
  scripts: readonly string[] = [],
): CodeNeeds {
  const folders = Object.keys(files).map((path) => path.split("/")[0]!);
  const has = (path: string) => path in files || folders.includes(path);
  const needs = codeNeeds(runtime, { has, read: (path) => files[path], scripts });
  // A decision by names must agree with one by content.
  if (needs.libraries || needs.scripts.length > 0) assert.ok(!needsNothing(runtime, { has, scripts }));
  return needs;
}

function refusal(runtime: { readonly interpreter: string }, files: Readonly<Record<string, string>>): string {
  try {
    needsOf(runtime, files);
  } catch (error) {
    assert.ok(error instanceof DependencyError, String(error));
    assert.equal(error.code, "dependencies/invalid");
    return error.message;
  }
  throw new assert.AssertionError({ message: "was not refused" });
}

Deno.test("codeNeeds() finds nothing to build without a description, or beside vendored packages", () => {
  assert.deepEqual(needsOf(PYTHON, { "main.py": "" }), { scripts: [] });
  assert.deepEqual(needsOf(PYTHON, { "requirements.txt": "ccxt", "vendor/ccxt.py": "" }), { scripts: [] });
  assert.deepEqual(needsOf(PYTHON, { "requirements.txt": "# none yet\n\n" }), { scripts: [] });
  assert.deepEqual(needsOf(PYTHON, { "pyproject.toml": "[tool.ruff]\nline-length = 100\n" }), {
    scripts: [],
  });
  assert.deepEqual(needsOf(NODE, { "package.json": '{"type":"module"}' }), { scripts: [] });
  const vendored = { "package.json": '{"dependencies":{"ws":"8"}}', "node_modules/ws/index.js": "" };
  assert.deepEqual(needsOf(NODE, vendored), { scripts: [] });
  assert.deepEqual(needsOf({ interpreter: "sh" }, { "requirements.txt": "ccxt" }), { scripts: [] });
});

Deno.test("needsNothing() knows by names alone code without a description, and vendored packages", () => {
  const nothing = (
    runtime: { readonly interpreter: string },
    names: readonly string[],
    scripts: readonly string[] = [],
  ) => needsNothing(runtime, { has: (path) => names.includes(path), scripts });
  assert.ok(nothing(PYTHON, ["main.py"]));
  assert.ok(nothing(PYTHON, ["main.py", "requirements.txt", "vendor"]));
  assert.ok(nothing(NODE, ["main.js"], ["main.js"]));
  assert.ok(nothing(NODE, ["main.js", "package.json", "node_modules"], ["main.js"]));
  assert.ok(nothing({ interpreter: "sh" }, ["requirements.txt", "package.json"]));
  for (const name of ["requirements.txt", "requirements.lock", "pyproject.toml"]) {
    assert.ok(!nothing(PYTHON, ["main.py", name]), name);
  }
  assert.ok(!nothing(NODE, ["main.js", "package.json"], ["main.js"]));
  assert.ok(!nothing(NODE, ["main.ts", "node_modules"], ["main.ts"]));
});

Deno.test("codeNeeds() takes requirements, with the files that they include, and their lock", () => {
  const files = {
    "requirements.txt": "-r more/base.txt\nccxt>=4 # exchange\n",
    "more/base.txt": "pandas[parquet]==2.2\n-c limits.txt\n",
    "more/limits.txt": "numpy<3\n",
  };
  const { libraries } = needsOf(PYTHON, files);
  assert.deepEqual(libraries, {
    tool: "requirements",
    folder: "vendor",
    source: "requirements.txt",
    lockFile: "requirements.lock",
    inputs: files,
  });
  const lock =
    "ccxt==4.1 \\\n    --hash=sha256:aa\npandas==2.2 --hash=sha256:bb\nnumpy==2 --hash=sha256:cc\n";
  assert.equal(needsOf(PYTHON, { ...files, "requirements.lock": lock }).libraries?.lock, lock);
});

Deno.test("codeNeeds() finds included files as pip does, and refuses those that are not there", () => {
  const files = {
    "requirements.txt": "--requirement=./sub/prod.txt\n-cmore.txt\n",
    "sub/prod.txt": "-r ../base.txt # shared\n--constraint\t'../more.txt'\n",
    "base.txt": "-r sub/prod.txt\nccxt\n",
    "more.txt": "",
  };
  const { libraries } = needsOf(PYTHON, files);
  assert.deepEqual(libraries?.inputs, files);
  const { "base.txt": _, ...rest } = files;
  assert.match(
    refusal(PYTHON, rest),
    /^sub\/prod\.txt names '\.\.\/base\.txt', which is not a file of the bot's folder\./,
  );
  for (const name of ["../../etc/passwd", "/etc/passwd", "https://example.com/r.txt"]) {
    assert.match(
      refusal(PYTHON, { "requirements.txt": `-r ${name}\nccxt\n` }),
      /which is not a file of/,
      name,
    );
  }
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`${n}.txt`, ""]));
  const included = Object.keys(many).map((name) => `-r ${name}\n`).join("");
  assert.match(refusal(PYTHON, { ...many, "requirements.txt": included }), /more than 20 files/);
  assert.ok(needsOf(PYTHON, { "requirements.txt": "-e .\n" }).libraries, "the tool says why it cannot be");
});

Deno.test("codeNeeds() takes requirements that are pinned by hashes as their own lock", () => {
  const text = "ccxt==4.1 --hash=sha256:aa\n";
  const { libraries } = needsOf(PYTHON, { "requirements.txt": text });
  assert.equal(libraries?.lock, text);
  assert.equal(libraries?.lockFile, "requirements.txt");
});

Deno.test("codeNeeds() takes a project with a uv.lock, and one that lists dependencies", () => {
  const project = '[project]\nname = "x"\ndependencies = [\n  "ccxt>=4",\n]\n';
  const locked = needsOf(PYTHON, { "pyproject.toml": project, "uv.lock": "version = 1" });
  assert.equal(locked.libraries?.tool, "uv");
  assert.equal(locked.libraries?.lock, "version = 1");
  const { libraries } = needsOf(PYTHON, { "pyproject.toml": project });
  assert.equal(libraries?.source, "pyproject.toml");
  assert.equal(libraries?.lock, undefined);
});

Deno.test("codeNeeds() refuses a lock that does not belong to the requirements", () => {
  const lock = "ccxt==4.1 --hash=sha256:aa\n";
  const missing = refusal(PYTHON, { "requirements.txt": "ccxt\nPandas_TA\n", "requirements.lock": lock });
  assert.match(missing, /requirements\.lock does not belong to requirements\.txt: it has no pandas-ta\./);
  assert.match(missing, /Remove requirements\.lock and deploy again/);
  const stamped = stampFor("requirements.txt", hashOf({ "requirements.txt": "ccxt==4.1\n" })) + lock;
  const changed = refusal(PYTHON, { "requirements.txt": "ccxt==4.2\n", "requirements.lock": stamped });
  assert.match(changed, /requirements\.txt has changed/);
  const same = needsOf(PYTHON, { "requirements.txt": "ccxt==4.1\n", "requirements.lock": stamped });
  assert.equal(same.libraries?.lock, stamped);
});

Deno.test("codeNeeds() does not ask the lock for a requirement with a marker, an option or an address", () => {
  const requirements = 'ccxt\ntomli; python_version < "3.11"\n--only-binary :all:\n-e .\n./local.whl\n';
  const lock = "ccxt==4.1 --hash=sha256:aa\n";
  const files = { "requirements.txt": requirements, "requirements.lock": lock };
  assert.equal(needsOf(PYTHON, files).libraries?.lock, lock);
});

Deno.test("codeNeeds() takes packages of Node with their lock, and scripts in TypeScript", () => {
  const description = '{"dependencies":{"ws":"8"}}';
  const files = { "package.json": description, "package-lock.json": "{}", ".npmrc": "audit=false" };
  const needs = needsOf(NODE, files, ["main.ts", "backtest.js", "src/more.mts"]);
  assert.deepEqual(needs.libraries?.inputs, files);
  assert.equal(needs.libraries?.lock, "{}");
  assert.deepEqual(needs.scripts, ["main.ts", "src/more.mts"]);
  assert.equal(needsOf(NODE, { "package.json": description }).libraries?.lock, undefined);
});

Deno.test("codeNeeds() refuses a package.json that it cannot use", () => {
  assert.match(refusal(NODE, { "package.json": "{" }), /package\.json is not a JSON object/);
  const workspaces = '{"workspaces":["a"],"dependencies":{"ws":"8"}}';
  assert.match(refusal(NODE, { "package.json": workspaces }), /workspaces/);
});
