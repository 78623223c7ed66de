import assert from "node:assert/strict";
import { NotificationsFixture } from "../../../support/fixtures/notifications_fixture.ts";
import { MailReceiver } from "../../../support/servers/mail_receiver.ts";
import { until } from "../../../support/until.ts";

Deno.test("a mail reaches its receivers, with a subject and an id that stays the same", async () => {
  await using fixture = await NotificationsFixture.open();
  await using server = MailReceiver.open();
  await Deno.mkdir(`${fixture.folder}/secrets`);
  await Deno.writeTextFile(`${fixture.folder}/secrets/mail`, "correct-horse", { mode: 0o600 });
  await fixture.write(`channels:
- name: mail
  type: email
  host: 127.0.0.1
  port: ${server.port}
  tls: off
  user: berth
  password: file:mail
  from: berth@example.org
  to: [one@example.org, two@example.org]
`);
  await using process = await fixture.start();
  process.incidents.open({
    kind: "bot.oom",
    bot: "grid",
    severity: "warning",
    title: "it ran out of memory",
    text: "had 512 MB\nBcc: everybody@example.org",
  });
  await until("the mail", () => server.mails.length === 1);
  const [mail] = server.mails;
  assert.deepEqual(mail!.to, ["one@example.org", "two@example.org"]);
  assert.equal(mail!.from, "berth@example.org");
  assert.equal(mail!.login, "berth correct-horse");
  assert.match(mail!.text, /^Subject: grid: it ran out of memory$/m);
  assert.match(mail!.text, /^Message-ID: <\d{8}T\d{9}Z-\w+@example\.org>$/m);
  const [head] = mail!.text.split("\n\n");
  assert.doesNotMatch(head!, /^Bcc:/m);
  await until("the record", () => process.notifications.outbox.size === 0);
});

Deno.test("a mail server that refuses a message is named with its reason", async () => {
  await using fixture = await NotificationsFixture.open();
  await using server = MailReceiver.open();
  server.answer = "550 no such user";
  await fixture.write(
    `channels:\n- { name: mail, type: email, host: 127.0.0.1, port: ${server.port}, tls: off, from: a@b.org, to: [c@d.org] }\n`,
  );
  await using process = await fixture.start();
  process.incidents.open({ kind: "disk.low", severity: "critical", title: "full", text: "" });
  await until("a problem", () => process.notifications.deliverer.problemOf("mail") !== undefined);
  assert.match(process.notifications.deliverer.problemOf("mail")!, /does not take it: .*550 no such user/);
});
