import assert from "node:assert/strict";

/** Runs a script in a bash that has read no start file, and so lacks the package bash-completion. */
async function bash(script: string): Promise<{ stdout: string; stderr: string }> {
  const command = new Deno.Command("bash", { args: ["--norc", "--noprofile", "-c", script] });
  const { stdout, stderr } = await command.output();
  return { stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

Deno.test("berth completions bash works without bash-completion, and when it is read twice", async () => {
  const program = new URL("../../../../main.ts", import.meta.url).pathname;
  const { stdout, stderr } = await bash(`
    script=$('${Deno.execPath()}' run --quiet -A --no-check '${program}' completions bash)
    eval "$script"; eval "$script"
    compopt() { :; }
    COMP_WORDS=(berth completions ba) COMP_CWORD=2
    __berth_complete
    printf '%s\\n' "\${COMPREPLY[@]}"
  `);
  assert.deepEqual([stdout, stderr], ["bash\n", ""]);
});
