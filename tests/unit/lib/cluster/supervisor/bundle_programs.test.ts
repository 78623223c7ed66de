import assert from "node:assert/strict";
import { bundleCommonJs, bundlePython } from "../../../../../lib/cluster/supervisor/bundle_programs.ts";
import { supervisorFiles } from "../../../../../lib/cluster/supervisor/supervisor_files.ts";

const TEXT = `"quotes", 'more' and \`others\`, a \\ and \\n, ${"\u2028"} ä 😀\n\ttab\n`;

Deno.test("a Python program carries the texts of its modules as they are", () => {
  const bundle = bundlePython({ "first.py": TEXT, "second.py": "" }, "run()\n");
  const first = bundle.split("\n").find((line) => line.startsWith('    "first": '))!;
  assert.equal(JSON.parse(first.slice('    "first": '.length, -1)), TEXT);
  assert.ok(bundle.endsWith('    "second": "",\n}\nrun()\n'), bundle);
});

Deno.test("a program of CommonJS modules runs each module once, in a scope of its own", () => {
  const modules = {
    "count.cjs": '"use strict";\nconst name = "count";\nmodule.exports = { name, times: [] };',
    "first.cjs": 'require("./count.cjs").times.push("first");',
    "second.cjs": 'const name = require("./count.cjs").name;\nrequire("./count.cjs").times.push(name);',
  };
  const loader = `
    const loaded = {};
    function load(id) {
      if (!loaded[id]) MODULES[id](loaded[id] = { exports: {} }, loaded[id].exports, load);
      return loaded[id].exports;
    }
    load("./first.cjs");
    load("./second.cjs");
    return load("./count.cjs").times;`;
  const run = new Function(bundleCommonJs(modules, loader));
  assert.deepEqual(run(), ["first", "count"]);
});

Deno.test("a container of one language mounts two files", () => {
  const namesOf = (language?: "python3" | "node") =>
    supervisorFiles(language).map(({ path }) => path.replace("/berth-supervisor/", ""));
  assert.deepEqual(namesOf("python3"), ["supervisor.sh", "supervisor.py"]);
  assert.deepEqual(namesOf("node"), ["supervisor.sh", "supervisor.cjs"]);
  assert.deepEqual(namesOf(), ["supervisor.sh", "supervisor.py", "supervisor.cjs"]);
});
