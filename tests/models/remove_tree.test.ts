import assert from "node:assert/strict";
import { dirname } from "node:path";
import { removeTree } from "../../lib/code/remove_tree.ts";

/** A folder in a folder of the test's own. */
class RootFixture implements AsyncDisposable {
  readonly root: string;
  readonly #parent: string;

  private constructor(parent: string) {
    this.#parent = parent;
    this.root = `${parent}/root`;
  }

  static async open(): Promise<RootFixture> {
    const fixture = new RootFixture(await Deno.makeTempDir({ prefix: "berth-test-" }));
    await Deno.mkdir(fixture.root);
    return fixture;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Not the library's, nor Deno's own: it would not survive what these tests make.
    await new Deno.Command("rm", { args: ["-rf", this.#parent] }).output();
  }
}

/** Makes folders inside one another, deeper than any path can say. */
async function dig(root: string, name: string, depth: number): Promise<void> {
  const python = "import os,sys\nos.chdir(sys.argv[1])\nfor _ in range(int(sys.argv[3])):\n" +
    "    os.mkdir(sys.argv[2]); os.chdir(sys.argv[2])\nopen('file','w').close()";
  const { success } = await new Deno.Command("python3", { args: ["-c", python, root, name, String(depth)] })
    .output();
  assert.ok(success);
}

async function assertGone(path: string): Promise<void> {
  await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);
}

Deno.test("removeTree() removes a tree too deep for a stack", async () => {
  await using fixture = await RootFixture.open();
  const { root } = fixture;
  await dig(root, "d", 15_000);
  await removeTree(root);
  await assertGone(root);
});

Deno.test("removeTree() removes a tree of the longest names, in bytes", async () => {
  await using fixture = await RootFixture.open();
  const { root } = fixture;
  await dig(root, "ä".repeat(127), 100);
  await removeTree(root);
  await assertGone(root);
});

Deno.test("removeTree() removes files of each kind and of each name", async () => {
  await using fixture = await RootFixture.open();
  const { root } = fixture;
  const script =
    'cd "$0" && mkfifo pipe && touch -- "a\nb" "-rf" ".hidden" && ln -s / link && ln -s none dangling &&' +
    ' mkdir -p "d\ne/f" && ln -s ../.. "d\ne/up" && touch "$(printf "\\377")"';
  const { success } = await new Deno.Command("sh", { args: ["-c", script, root] }).output();
  assert.ok(success);
  using _listener = Deno.listen({ transport: "unix", path: `${root}/socket` });
  await removeTree(root);
  await assertGone(root);
});

Deno.test("removeTree() removes a link, not what it points to", async () => {
  await using fixture = await RootFixture.open();
  const { root } = fixture;
  const canary = `${dirname(root)}/canary`;
  await Deno.mkdir(`${canary}/deep`, { recursive: true });
  await Deno.symlink(canary, `${root}/link`);
  await removeTree(root);
  await assertGone(root);
  await Deno.symlink(canary, root);
  await removeTree(root);
  await assertGone(root);
  assert.ok(await Deno.stat(`${canary}/deep`));
});

Deno.test("removeTree() does not mind a folder that is gone", async () => {
  await using fixture = await RootFixture.open();
  const { root } = fixture;
  await removeTree(`${root}/none`);
});

Deno.test("removeTree() rejects where a folder's name cannot be told to the system, and does not hang", async () => {
  await using fixture = await RootFixture.open();
  const { root } = fixture;
  const script = 'mkdir -p "$0/$(printf "\\377")/deep"';
  await new Deno.Command("sh", { args: ["-c", script, root] }).output();
  await assert.rejects(removeTree(root), /not UTF-8/);
});
