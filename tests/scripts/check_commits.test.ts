import assert from "node:assert/strict";
import { checkSubjects, type Commit, latestCommits } from "../../scripts/check_commits.ts";

/** A repository of its own with these subjects, the earliest first. */
/** A Git repository of commits with these subjects. */
class RepositoryFixture implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(subjects: readonly string[]): Promise<RepositoryFixture> {
    await using stack = new AsyncDisposableStack();
    const fixture = stack.use(
      new RepositoryFixture(await Deno.makeTempDir({ prefix: "berth-test-" })),
    );
    await fixture.git("init", "--quiet");
    for (const subject of subjects) {
      await fixture.git("commit", "--quiet", "--allow-empty", "--message", subject);
    }
    stack.move();
    return fixture;
  }

  readonly git = async (...args: string[]): Promise<string> => {
    const identity = [
      "-c",
      "user.name=Test",
      "-c",
      "user.email=test@example.com",
      "-c",
      "commit.gpgsign=false",
    ];
    const env = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
    const command = new Deno.Command("git", { args: [...identity, ...args], cwd: this.folder, env });
    const { success, stdout, stderr } = await command.output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout).trim();
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

const subjectsOf = (commits: Awaited<ReturnType<typeof latestCommits>>) =>
  (commits as readonly Commit[]).map(({ subject }) => subject);

Deno.test("checkSubjects() accepts 'area: imperative' of at most 72 characters", () => {
  const longest = `logs: ${"x".repeat(66)}`;
  for (const subject of ["logs: store lines once", "cli, docs: use one table", longest]) {
    assert.deepEqual(checkSubjects([{ hash: "0123456789", subject }]), []);
  }
});

Deno.test("checkSubjects() names what is wrong with a subject", () => {
  for (
    const [subject, problem] of [
      ["Store lines once", /must have the form/],
      ["logs: ", /must have the form/],
      ["Logs: store lines once", /must have the form/],
      ["logs: store lines once.", /full stop/],
      [`logs: ${"x".repeat(67)}`, /has 73 characters/],
    ] as const
  ) {
    const [line = "", ...others] = checkSubjects([{ hash: "0123456789", subject }]);
    assert.match(line, problem);
    assert.ok(line.startsWith(`012345678 "${subject}"`));
    assert.deepEqual(others, []);
  }
});

Deno.test("latestCommits() gives what came after the named commit, without merges", async () => {
  await using fixture = await RepositoryFixture.open(["Old", "a: one", "b: two"]);
  const { folder, git } = fixture;
  const since = await git("rev-parse", "HEAD~2");
  await git("checkout", "--quiet", "-b", "side", "HEAD~1");
  await git("commit", "--quiet", "--allow-empty", "--message", "c: three");
  await git("checkout", "--quiet", "-");
  await git("merge", "--quiet", "--no-ff", "--message", "Merge of side", "side");
  assert.deepEqual(subjectsOf(await latestCommits(folder, since)).toSorted(), [
    "a: one",
    "b: two",
    "c: three",
  ]);
});

Deno.test("latestCommits() checks a clone that does not have the named commit, and at most 20 commits", async () => {
  await using fixture = await RepositoryFixture.open(Array.from({ length: 25 }, (_, i) => `a: change ${i}`));
  const { folder, git } = fixture;
  const since = await git("rev-parse", "HEAD~23");
  const shallow = `${folder}/shallow`;
  await git("clone", "--quiet", "--depth", "3", `file://${folder}`, shallow);
  assert.deepEqual(subjectsOf(await latestCommits(shallow, since)), [
    "a: change 24",
    "a: change 23",
    "a: change 22",
  ]);
  assert.equal(subjectsOf(await latestCommits(folder, since)).length, 20);
});

Deno.test("latestCommits() says why a folder without a repository has no commits", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  try {
    const commits = await latestCommits(folder);
    assert.ok(
      "unknown" in commits && commits.unknown.includes("not a git repository"),
      JSON.stringify(commits),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
