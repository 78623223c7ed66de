import { strict as assert } from "node:assert";
import type { NeededLibraries } from "../../../../lib/dependencies/code_needs.ts";
import { librariesKey, lockKey } from "../../../../lib/dependencies/dependency_key.ts";

const LOCK = "ccxt==4.1 --hash=sha256:aa\n";
const NEEDED: NeededLibraries = {
  tool: "requirements",
  folder: "vendor",
  source: "requirements.txt",
  inputs: { "requirements.txt": "ccxt\n" },
  lockFile: "requirements.lock",
  lock: LOCK,
};
const IMAGE = { reference: "python:3.11-slim", digest: "sha256:1", platform: "linux/amd64" };
const CHOICES = { allowSourceBuilds: false };

Deno.test("librariesKey() depends on the lock and not on the requirements or on comments", () => {
  const key = librariesKey(NEEDED, IMAGE, CHOICES);
  assert.match(key, /^[0-9a-f]{64}$/);
  assert.equal(librariesKey({ ...NEEDED, inputs: { "requirements.txt": "ccxt>=4\n" } }, IMAGE, CHOICES), key);
  assert.equal(librariesKey({ ...NEEDED, lock: `# a comment\n${LOCK}    # via x\n` }, IMAGE, CHOICES), key);
  assert.notEqual(librariesKey({ ...NEEDED, lock: LOCK.replace("4.1", "4.2") }, IMAGE, CHOICES), key);
});

Deno.test("librariesKey() depends on the image's content, the architecture and the choices", () => {
  const key = librariesKey(NEEDED, IMAGE, CHOICES);
  assert.notEqual(librariesKey(NEEDED, { ...IMAGE, digest: "sha256:2" }, CHOICES), key);
  assert.notEqual(librariesKey(NEEDED, { ...IMAGE, platform: "linux/arm64" }, CHOICES), key);
  assert.notEqual(librariesKey(NEEDED, IMAGE, { allowSourceBuilds: true }), key);
  assert.equal(librariesKey(NEEDED, { ...IMAGE, reference: "another-name" }, CHOICES), key);
});

Deno.test("lockKey() depends on every file that decides the versions", () => {
  const key = lockKey(NEEDED, IMAGE, CHOICES);
  assert.notEqual(lockKey({ ...NEEDED, inputs: { "requirements.txt": "ccxt>=4\n" } }, IMAGE, CHOICES), key);
});
