/**
 * Checks the subjects of the latest commits: `area: imperative`, at most 72 characters.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** The last commit to which the rule does not apply. */
const SINCE = "4c1623f4caee315b54236c28600757fca685c2ba";
/** The most commits that one run checks. */
const MAX_COMMITS = 20;
const MAX_SUBJECT_LENGTH = 72;
const FORM = /^[a-z][a-z0-9 ._,-]*: [^\s.]/;

/** A commit. */
export interface Commit {
  readonly hash: string;
  readonly subject: string;
}

/**
 * Checks subjects.
 *
 * @param commits The commits.
 * @returns One line for each commit with a wrong subject.
 */
export function checkSubjects(commits: readonly Commit[]): string[] {
  return commits.flatMap(({ hash, subject }) => {
    const problem = problemOf(subject);
    return problem === undefined ? [] : [`${hash.slice(0, 9)} "${subject}": ${problem}`];
  });
}

function problemOf(subject: string): string | undefined {
  if (!FORM.test(subject)) {
    return 'must have the form "area: imperative", for example "logs: store lines once"';
  }
  if (subject.endsWith(".")) return "must not end with a full stop";
  if (subject.length > MAX_SUBJECT_LENGTH) {
    return `has ${subject.length} characters, at most ${MAX_SUBJECT_LENGTH} are allowed; move the reasons to the body`;
  }
}

/**
 * Reads the commits that the rule applies to.
 *
 * @param folder A folder of the repository.
 * @param since Hash of the last commit that is too old for the rule. In a clone without it, as a shallow one, every commit
 * is newer.
 * @returns At most {@linkcode MAX_COMMITS}, latest first, without merges; or why they cannot be read.
 */
export async function latestCommits(
  folder: string,
  since: string = SINCE,
): Promise<readonly Commit[] | { readonly unknown: string }> {
  const known = await git(folder, "rev-parse", "--verify", "--quiet", `${since}^{commit}`);
  const range = known.success ? [`${since}..HEAD`] : ["HEAD"];
  const log = await git(
    folder,
    "log",
    "--no-merges",
    `--max-count=${MAX_COMMITS}`,
    "--format=%H %s",
    ...range,
    "--",
  );
  if (!log.success) return { unknown: log.message };
  return log.output.split("\n").filter(Boolean).map((line) => {
    const [, hash = "", subject = ""] = /^(\S+) (.*)$/.exec(line) ?? [];
    return { hash, subject };
  });
}

async function git(
  folder: string,
  ...args: string[]
): Promise<{ readonly success: boolean; readonly output: string; readonly message: string }> {
  try {
    const { success, stdout, stderr } = await new Deno.Command("git", {
      args,
      cwd: folder,
      env: { LC_ALL: "C" },
    }).output();
    const [output = "", message = ""] = [stdout, stderr].map((bytes) =>
      new TextDecoder().decode(bytes).trim()
    );
    return { success, output, message };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { success: false, output: "", message: "git is not installed" };
  }
}

if (import.meta.main) {
  const commits = await latestCommits(fileURLToPath(new URL("..", import.meta.url)));
  if ("unknown" in commits) {
    // An archive of the sources has no commits to check.
    console.error(`The subjects of commits are not checked: ${commits.unknown}`);
    Deno.exit(0);
  }
  const problems = checkSubjects(commits);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error("CONTRIBUTING.md says how to write them: git commit --amend, or git rebase -i");
  }
  Deno.exit(problems.length > 0 ? 1 : 0);
}
