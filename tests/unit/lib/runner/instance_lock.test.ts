import assert from "node:assert/strict";
import { InstanceLock, InstanceLockedError } from "../../../../lib/runner/instance_lock.ts";
import { FolderFixture } from "../../../support/fixtures/folder_fixture.ts";

Deno.test("InstanceLock.acquire() refuses a second holder and names the first", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  await using _lock = await InstanceLock.acquire(folder, "main");
  await assert.rejects(
    InstanceLock.acquire(folder, "main"),
    (error) => error instanceof InstanceLockedError && error.message.includes(`pid ${Deno.pid}`),
  );
  await using _other = await InstanceLock.acquire(folder, "other");
});

Deno.test("InstanceLock leaves nothing behind, and the name is free again", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  for (let round = 0; round < 3; round++) {
    await using _lock = await InstanceLock.acquire(folder, "main");
  }
  assert.deepEqual([...Deno.readDirSync(folder)], []);
});

Deno.test("InstanceLock.acquire() takes over from a process that was killed", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  const holder = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { InstanceLock } from ${
        JSON.stringify(new URL("../../../../lib/runner/instance_lock.ts", import.meta.url).href)
      };
         await InstanceLock.acquire(${JSON.stringify(folder)}, "main");
         console.log("held");
         setInterval(() => {}, 1000);`,
    ],
    stdout: "piped",
  }).spawn();
  const reader = holder.stdout.getReader();
  await reader.read();
  await assert.rejects(InstanceLock.acquire(folder, "main"), InstanceLockedError);
  holder.kill("SIGKILL");
  await holder.status;
  await reader.cancel();
  await using _lock = await InstanceLock.acquire(folder, "main");
});

Deno.test("InstanceLock.holder() names who has it, and keeps nobody from taking it", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  assert.equal(await InstanceLock.holder(`${folder}/missing`, "main"), undefined);
  assert.equal(await InstanceLock.holder(folder, "main"), undefined);
  {
    await using _lock = await InstanceLock.acquire(folder, "main");
    assert.match(
      (await InstanceLock.holder(folder, "main"))!.about,
      new RegExp(`^pid ${Deno.pid}, since `),
    );
  }
  await Deno.mkdir(`${folder}/main.lock`);
  await Deno.writeTextFile(`${folder}/main.lock/holder`, "pid 1, since yesterday\n");
  assert.equal(await InstanceLock.holder(folder, "main"), undefined, "left by a process that was killed");
  // Looking takes the lock for a moment.
  const file = await Deno.open(`${folder}/main.lock`);
  await file.lock(false);
  const acquiring = InstanceLock.acquire(folder, "main");
  setTimeout(() => file.close(), 30);
  await using _lock = await acquiring;
});

Deno.test("InstanceLock.renew() takes the lock again when a cleaner has removed its folder, and shows that it lives", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  await using lock = await InstanceLock.acquire(folder, "main");
  const { renewedAt } = (await InstanceLock.holder(folder, "main"))!;
  assert.deepEqual([lock.isHeld(), await lock.renew()], [true, "held"]);
  assert.ok((await InstanceLock.holder(folder, "main"))!.renewedAt! >= renewedAt!);
  await Deno.remove(lock.path, { recursive: true });
  assert.deepEqual([lock.isHeld(), await lock.renew(), lock.isHeld()], [false, "regained", true]);
  await assert.rejects(InstanceLock.acquire(folder, "main"), InstanceLockedError);
});

Deno.test("InstanceLock.renew() says that the lock is lost when another process was faster", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  await using lock = await InstanceLock.acquire(folder, "main");
  await Deno.remove(lock.path, { recursive: true });
  await using _other = await InstanceLock.acquire(folder, "main");
  assert.deepEqual([lock.isHeld(), await lock.renew()], [false, "lost"]);
});

Deno.test("InstanceLock.acquire() takes parts of an instance apart", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  await using _bots = await InstanceLock.acquire(folder, "main", "bots");
  await using _schedules = await InstanceLock.acquire(folder, "main", "schedules");
  await assert.rejects(InstanceLock.acquire(folder, "main", "bots"), InstanceLockedError);
  assert.notEqual(await InstanceLock.holder(folder, "main", "bots"), undefined);
  assert.equal(await InstanceLock.holder(folder, "main"), undefined);
});
