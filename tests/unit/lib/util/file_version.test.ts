import assert from "node:assert/strict";
import { fileVersion } from "../../../../lib/util/file_version.ts";

const AT = new Date("2026-01-31T09:00:00Z");
const FILE = { dev: 1, ino: 2, mode: 0o600, size: 3, mtime: AT, ctime: AT } as Deno.FileInfo;
const LATER = AT.getTime() + 60_000;

Deno.test("fileVersion() is the same while the file is", () => {
  assert.equal(fileVersion(FILE, LATER), fileVersion({ ...FILE }, LATER + 1));
  assert.equal(fileVersion(undefined), fileVersion(undefined));
});

Deno.test("fileVersion() changes with each part of a file, and with its end", () => {
  const others = [undefined, ...["dev", "ino", "mode", "size"].map((name) => ({ ...FILE, [name]: 9 }))];
  const times = ["mtime", "ctime"].map((name) => ({ ...FILE, [name]: new Date(LATER - 5000) }));
  const versions = [FILE, ...others, ...times].map((info) => fileVersion(info as Deno.FileInfo, LATER));
  assert.equal(new Set(versions).size, versions.length);
});

Deno.test("fileVersion() trusts no file that may have changed twice in one tick", () => {
  const now = AT.getTime() + 3;
  assert.notEqual(fileVersion(FILE, now), fileVersion(FILE, now));
});
