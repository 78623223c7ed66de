import { strict as assert } from "node:assert";
import { explainBuild } from "../../../../lib/dependencies/explain_build.ts";

const settings = { memoryBytes: 1024 ** 3, diskBytes: 4 * 1024 ** 3, timeoutMs: 600_000 };
const failed = (lines: readonly string[], more: Partial<Parameters<typeof explainBuild>[0]> = {}) =>
  explainBuild({
    what: "requirements.lock",
    image: "python:3.11-slim",
    exitCode: 1,
    problem: "pip ended with exit code 1",
    lines,
    settings,
    ...more,
  });

Deno.test("explainBuild() says what to do about what the tools print", () => {
  const cases: readonly (readonly [line: string, advice: RegExp])[] = [
    ["ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", /one that the lock names/],
    ["npm error code EINTEGRITY", /one that the lock names/],
    ["ERROR: In --require-hashes mode, all requirements must have their versions pinned", /not complete/],
    [
      "ERROR: Can't verify hashes for these requirements because we don't have a way to hash version control",
      /has no hash.*--vendor/,
    ],
    ["error: Distribution not found at: file:///code/libs/x", /has no hash.*--vendor/],
    [
      "npm error `npm ci` can only install packages when your package.json and lock are in sync",
      /not belong/,
    ],
    ["ERROR: Could not find a version that satisfies x==1 (from versions: none)", /no wheel of the package/],
    ["npm error 404 Not Found - GET https://registry.example/nope", /Check the name/],
    ["error: Because nope was not found in the package registry, it is unsatisfiable", /Check the name/],
    ["npm error code ENOTFOUND", /registry does not answer/],
    ["ssl.SSLCertVerificationError: CERTIFICATE_VERIFY_FAILED", /SSL_CERT_FILE/],
    ["/usr/bin/python3: No module named pip", /--vendor/],
    ["OSError: [Errno 28] No space left on device", /BUILD_DISK_LIMIT_MB/],
  ];
  for (const [line, advice] of cases) assert.match(failed([line]).message, advice, line);
});

Deno.test("explainBuild() names the limit that a build has exceeded", () => {
  assert.match(failed([], { exceeded: "time" }).message, /longer than 600 s.*BUILD_TIMEOUT_SECONDS/);
  assert.match(failed([], { exceeded: "disk" }).message, /more than 4096 MiB.*BUILD_DISK_LIMIT_MB/);
  assert.match(failed([], { oomKilled: true }).message, /1024 MiB of memory.*BUILD_MEMORY_LIMIT_MB/);
});

Deno.test("explainBuild() says that a builder was killed", () => {
  const error = explainBuild({ what: "package.json", image: "i", exitCode: 137, lines: [], settings });
  assert.match(error.message, /package\.json cannot be built: the builder was killed\. Deploy again\./);
});

Deno.test("explainBuild() shows the lines from the first error on", () => {
  const { lines } = failed(["Collecting x", "berth: installing", "ERROR: No matching distribution", "more"]);
  assert.deepEqual(lines, ["ERROR: No matching distribution", "more"]);
});
