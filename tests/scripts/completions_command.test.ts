import assert from "node:assert/strict";

const PROGRAM = new URL("../../main.ts", import.meta.url).pathname;
const SCRIPT = (shell: string) =>
  `'${Deno.execPath()}' run --quiet -A --no-check '${PROGRAM}' completions ${shell}`;

/** Runs a script in a shell that has read no start file, and so lacks packages such as bash-completion. */
async function run(program: string, args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { stdout, stderr } = await new Deno.Command(program, { args }).output();
  return { stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Completes words as bash does. */
async function bash(...words: string[]): Promise<{ stdout: string; stderr: string }> {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  return await run("bash", [
    "--norc",
    "--noprofile",
    "-c",
    `script=$(${SCRIPT("bash")})
    eval "$script"; eval "$script"
    COMP_WORDS=(${quoted}) COMP_CWORD=${words.length - 1}
    __berth_complete
    printf '%s\\n' "\${COMPREPLY[@]}"`,
  ]);
}

function hasShell(name: string): boolean {
  try {
    return new Deno.Command(name, { args: ["-c", "true"] }).outputSync().success;
  } catch {
    return false;
  }
}

Deno.test("berth completions bash works without bash-completion, and when it is read twice", async () => {
  const { stdout, stderr } = await bash("berth", "completions", "ba");
  assert.deepEqual([stdout, stderr], ["bash\n", ""]);
  assert.match((await bash("berth", "de")).stdout, /^demo\ndeploy\ndescribe\n$/);
  assert.match((await bash("berth", "logs", "--")).stdout, /^--follow$/m);
});

Deno.test("berth completions bash evaluates nothing of what was typed", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  try {
    await bash("berth", "logs", `$(touch ${folder}/made)`);
    await bash("berth", `;touch ${folder}/made`, "");
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "berth completions zsh defines a function that zsh accepts",
  ignore: !hasShell("zsh"),
  async fn() {
    const { stdout, stderr } = await run("zsh", [
      "-f",
      "-c",
      `autoload -U compinit; compinit -u -D; script=$(${SCRIPT("zsh")}); eval "$script"
      _describe() { print -l -- "\${(@P)2}"; }
      words=(berth completions z) CURRENT=3
      _berth`,
    ]);
    assert.deepEqual([stdout, stderr], ["zsh:\n", ""]);
  },
});

Deno.test({
  name: "berth completions fish completes commands",
  ignore: !hasShell("fish"),
  async fn() {
    const { stdout, stderr } = await run("fish", [
      "--no-config",
      "-c",
      `${SCRIPT("fish")} | source; complete -C 'berth completions z'; complete -C 'berth descr'`,
    ]);
    assert.match(stdout, /^zsh$/m, stderr);
    assert.match(stdout, /^describe\tsay why a bot does not run/m);
  },
});
