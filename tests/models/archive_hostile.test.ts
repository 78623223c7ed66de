import assert from "node:assert/strict";
import { ExtractionPool } from "../../lib/archive/extraction_pool.ts";
import { InvalidArchiveError } from "../../lib/errors.ts";
import { hostileArchives } from "../support/builders/hostile_archives.ts";

const VARIANTS = 6;
const SEED = 20_240_229;

Deno.test("ExtractionPool rejects every hostile archive, names the entry, writes nothing, and says the same on a check", async () => {
  const root = await Deno.makeTempDir({ prefix: "berth-hostile-" });
  try {
    await Deno.mkdir(`${root}/outside`);
    const canary = `${root}/outside/file.txt`;
    await Deno.writeTextFile(canary, "canary\n");
    await Deno.utime(canary, 1_000_000_000, 1_000_000_000);
    const before = await snapshot(root);
    await using extractor = new ExtractionPool();
    const complaints: string[] = [];
    let count = 0;
    for (const { title, bytes, problems, entries } of hostileArchives(canary, VARIANTS, SEED)) {
      const archivePath = `${root}/archive`;
      await Deno.writeFile(archivePath, bytes);
      const rules = {
        archivePath,
        reservedNames: ["entrypoint.sh", ".berth"],
        limits: { ratioFreeBytes: 1024 ** 2 },
      };
      const error = await extractor.extract({ ...rules, destination: `${root}/bot` })
        .then(() => undefined, (error) => error);
      const checked = await extractor.check(rules).then(() => undefined, (error) => error);
      assert.equal(checked?.message, error?.message, title);
      const complaint = complain(error, problems, entries);
      if (complaint !== undefined) complaints.push(`${title}: ${complaint}`);
      await Deno.remove(archivePath);
      assert.deepEqual(await snapshot(root), before, title);
      count++;
    }
    assert.deepEqual(complaints, []);
    assert(count >= 200, `only ${count} archives`);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

function complain(
  error: unknown,
  problems: readonly string[],
  entries: readonly string[] | undefined,
): string | undefined {
  if (!(error instanceof InvalidArchiveError)) return `${error ?? "was extracted"}`;
  if (!problems.includes(error.problem)) return `refused as ${error.problem}: ${error.message}`;
  const named = error.entry === undefined
    ? entries === undefined
    : entries?.includes(error.entry) === true && error.message.includes(`'${error.entry}'`);
  return named ? undefined : `names '${error.entry}': ${error.message}`;
}

async function snapshot(folder: string): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    const { mtime, mode } = await Deno.lstat(path);
    if (isDirectory) Object.assign(seen, { [path]: `folder ${mode}` }, await snapshot(path));
    else seen[path] = `${mode} ${mtime?.toISOString()} ${await Deno.readTextFile(path)}`;
  }
  return seen;
}
