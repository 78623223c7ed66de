import assert from "node:assert/strict";
import { ChangingFile } from "../../../../lib/util/changing_file.ts";

async function open(): Promise<{ file: ChangingFile; [Symbol.asyncDispose](): Promise<void> }> {
  const folder = await Deno.makeTempDir();
  return {
    file: new ChangingFile(`${folder}/settings.yaml`),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test("ChangingFile gives what a file says once, and again when it says something else", async () => {
  await using fixture = await open();
  const { file } = fixture;
  assert.deepEqual(await file.read(), { text: undefined });
  assert.equal(await file.read(), undefined);
  // The texts have the same length, and the times of the file may be the same.
  for (const text of ["a: 1", "a: 2", "a: 3", "a: 4"]) {
    await Deno.writeTextFile(file.path, text);
    assert.deepEqual(await file.read(), { text });
    assert.equal(await file.read(), undefined);
  }
  await Deno.writeTextFile(file.path, "a: 4");
  assert.equal(await file.read(), undefined, "it says the same");
  await Deno.remove(file.path);
  assert.deepEqual(await file.read(), { text: undefined });
  await Deno.writeTextFile(file.path, "a: 4");
  assert.deepEqual(await file.read(), { text: "a: 4" });
});

Deno.test("ChangingFile says once why a file cannot be read, and reads it when it can", async () => {
  await using fixture = await open();
  const { file } = fixture;
  await Deno.mkdir(file.path);
  assert.deepEqual(await file.read(), { problem: "it is not a regular file" });
  assert.equal(await file.read(), undefined);
  await Deno.remove(file.path);
  await Deno.writeTextFile(file.path, "x".repeat(1024 * 1024 + 1));
  assert.deepEqual(await file.read(), { problem: "it has more than 1 MiB" });
  await Deno.writeTextFile(file.path, "a: 1");
  assert.deepEqual(await file.read(), { text: "a: 1" });
});
