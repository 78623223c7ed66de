import assert from "node:assert/strict";
import { servicePermissions } from "../../../cli/commands/permissions_command.ts";
import { checkNotifications } from "../../../cli/check_notifications.ts";
import { parseServiceConfig } from "../../../services/config.ts";
import { notificationReach } from "../../../services/notification_reach.ts";

/** A configuration with a file of channels, which is removed at the end. */
async function withChannels(
  text: string,
  check: (config: ReturnType<typeof parseServiceConfig>) => Promise<void>,
) {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  try {
    await Deno.writeTextFile(`${folder}/who.yaml`, text);
    await check(parseServiceConfig({
      HOME: folder,
      TEMP_DIR: `${folder}/runtime`,
      DATA_DIR: `${folder}/data`,
      CHANNELS_FILE: `${folder}/who.yaml`,
      HEARTBEAT_URL: "https://beats.example.org/ping/secret-id",
    }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const CHANNELS = `channels:
- { name: a, type: slack, url: 'https://hooks.example.org/secret-path' }
- { name: b, type: email, host: mail.example.org, tls: always, from: a@b.org, to: [c@d.org] }
- { name: c, type: telegram, token: 'env:NOT_LISTED', chat_id: 1 }
- { name: d, type: discord, url_file: /etc/berth/discord }
`;

Deno.test("the permissions name the hosts of channels and heartbeat, the file, and no secret", async () => {
  await withChannels(CHANNELS, async (config) => {
    const reach = await notificationReach(config);
    assert.deepEqual(reach.hosts, ["beats.example.org:443", "hooks.example.org:443", "mail.example.org:465"]);
    const flags = servicePermissions(config, reach);
    const valuesOf = (name: string) => flags.find((flag) => flag.startsWith(name))!.split("=")[1]!.split(",");
    for (const host of reach.hosts) assert.ok(valuesOf("--allow-net").includes(host));
    for (const file of [config.channelsFile, "/etc/berth/discord"]) {
      assert.ok(valuesOf("--allow-read").includes(file));
    }
    assert.doesNotMatch(flags.join(" "), /secret-/);
    const problems = reach.problems.join("\n");
    assert.match(problems, /channel 'c': token: .*SECRET_ENV does not list/);
    assert.match(problems, /channel 'd': url_file: '\/etc\/berth\/discord' cannot be read/);
  });
});

Deno.test("doctor says what is wrong with channels, and how many can be used", async () => {
  await withChannels(CHANNELS, async (config) => {
    const findings = await checkNotifications(config);
    assert.deepEqual(findings.map(({ state }) => state), ["problem", "problem", "ok"]);
    assert.match(findings[2]!.detail, /^2 channels in /);
  });
  await withChannels("", async (config) => {
    assert.match((await checkNotifications(config))[0]!.detail, /^no channel/);
  });
});
