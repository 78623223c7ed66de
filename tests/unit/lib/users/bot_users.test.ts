import assert from "node:assert/strict";
import {
  botUserKey,
  BotUsers,
  type BotUsersOptions,
  type LiveUser,
  preferredUid,
} from "../../../../lib/users/bot_users.ts";
import { HOST_USER_FILES, HostUsers, parseHostIds } from "../../../../lib/users/host_users.ts";
import { parseDockerRunnerConfig } from "../../../../lib/runner/parse_docker_runner_config.ts";

const RANGE = { first: 2_001_000_000, last: 2_100_999_999 };
/** So small that bots meet. */
const TIGHT = { first: 5000, last: 5009 };

function users(options: Partial<BotUsersOptions> & { live?: LiveUser[] } = {}): BotUsers {
  const { live = [], ...rest } = options;
  return new BotUsers({
    policy: { kind: "range", range: RANGE },
    isOnHost: () => Promise.resolve(false),
    canGive: () => Promise.resolve(true),
    listLive: () => Promise.resolve(live),
    ...rest,
  });
}

async function uids(all: BotUsers, ids: readonly string[]): Promise<number[]> {
  return await Promise.all(ids.map(async (id) => (await all.ownerOf(botUserKey("main", id))).uid));
}

const IDS = Array.from({ length: 500 }, (_, index) => `bot-${index}`);

Deno.test("each bot has a user of the range, its own, and the same one in another process and order", async () => {
  const first = await uids(users(), IDS);
  assert.equal(new Set(first).size, IDS.length);
  assert.ok(first.every((uid) => uid >= RANGE.first && uid <= RANGE.last));
  assert.deepEqual((await uids(users(), IDS.toReversed())).toReversed(), first);
  // Every release gives the same id: files of a bot outlive it.
  assert.equal(preferredUid("main/my-bot", RANGE), 2_011_255_313);
  assert.notEqual(preferredUid("other/my-bot", RANGE), preferredUid("main/my-bot", RANGE));
});

Deno.test("bots that meet in one uid get others, at the same time too, and the range has an end", async () => {
  const all = users({ policy: { kind: "range", range: TIGHT } });
  const given = await uids(all, IDS.slice(0, 10));
  assert.deepEqual(given.toSorted(), Array.from({ length: 10 }, (_, index) => 5000 + index));
  assert.deepEqual(await uids(all, IDS.slice(0, 10)), given, "they keep them");
  await assert.rejects(all.ownerOf("main/one-more"), /No user from 5000 to 5009 is free .* BOT_UID_RANGE/);
});

Deno.test("a uid of another bot's container is left to it, and a bot keeps the one of its own", async () => {
  const key = botUserKey("main", "a");
  const wanted = preferredUid(key, RANGE);
  const other = { key: botUserKey("other", "b"), uid: wanted };
  assert.equal((await users({ live: [other] }).ownerOf(key)).uid, wanted + 1);
  assert.equal((await users({ live: [{ key, uid: 2_050_000_000 }] }).ownerOf(key)).uid, 2_050_000_000);
  assert.equal((await users({ live: [{ key, uid: wanted }] }).ownerOf(key)).uid, wanted);
});

Deno.test("users of the host are left out", async () => {
  const key = botUserKey("main", "a");
  const wanted = preferredUid(key, RANGE);
  const isOnHost = (uid: number) => Promise.resolve(uid >= wanted && uid < wanted + 3);
  assert.deepEqual(await users({ isOnHost }).ownerOf(key), { uid: wanted + 3, gid: wanted + 3 });
});

Deno.test("the engine is asked once a minute at most, however many bots start; what fails is asked again", async () => {
  let now = 0;
  let lists = 0;
  const live: LiveUser[] = [];
  const listLive = () => {
    if (++lists === 1) return Promise.reject(new Error("no engine"));
    return Promise.resolve([...live]);
  };
  const all = users({ clock: () => now, listLive });
  await assert.rejects(all.ownerOf("main/a"), /no engine/);
  const [a] = await uids(all, IDS);
  assert.equal(lists, 2);
  now = 60_000;
  // Another instance has started a bot whose uid is that of one that has not started yet.
  live.push({ key: "other/x", uid: preferredUid("main/late", RANGE) });
  assert.equal((await all.ownerOf("main/late")).uid, preferredUid("main/late", RANGE) + 1);
  assert.equal(lists, 3);
  assert.deepEqual(await uids(all, IDS.slice(0, 1)), [a], "a start under way keeps its user");
});

Deno.test("one user for all is what BOT_USER says; it asks nobody", async () => {
  const never = () => Promise.reject(new Error("asked"));
  const owner = { uid: 1000, gid: 100 };
  const all = users({ policy: { kind: "one", owner }, isOnHost: never, canGive: never, listLive: never });
  assert.deepEqual(await all.ownerOf("main/a"), owner);
  assert.equal(all.spec, "1000:100");
  assert.equal(users().spec, "2001000000-2100999999");
});

Deno.test("where files cannot be given to the range, bots share the customary user", async () => {
  assert.deepEqual(await users({ canGive: () => Promise.resolve(false) }).ownerOf("main/a"), {
    uid: 65_532,
    gid: 65_532,
  });
});

Deno.test("parseHostIds() reads users and ranges, and passes over what is neither", () => {
  const passwd = "root:x:0:0:root:/root:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\n+::::::\nbroken\n\n";
  assert.deepEqual(parseHostIds("/etc/passwd", passwd), [{ first: 0, last: 0 }, { first: 1000, last: 1000 }]);
  const subuid = "me:100000:65536\nother:bad:1\nempty:5:0\n";
  assert.deepEqual(parseHostIds("/etc/subuid", subuid), [{ first: 100_000, last: 165_535 }]);
});

Deno.test("HostUsers knows this machine's users", async () => {
  assert.equal(await new HostUsers().has(0), true);
  assert.equal(await new HostUsers().has(2_100_999_999), false);
  assert.equal(HOST_USER_FILES.length, 4);
});

Deno.test("BOT_UID_RANGE takes two ids, far enough apart", () => {
  assert.deepEqual(parseDockerRunnerConfig({}).botUids, RANGE);
  assert.deepEqual(parseDockerRunnerConfig({ BOT_UID_RANGE: "100000-165535" }).botUids, {
    first: 100_000,
    last: 165_535,
  });
  for (const wrong of ["1", "0-99999", "2000-2100", "9000-5000", "1000-4294967295", "a-b"]) {
    assert.throws(
      () => parseDockerRunnerConfig({ BOT_UID_RANGE: wrong }),
      /BOT_UID_RANGE: must be two user ids/,
    );
  }
});
