import assert from "node:assert/strict";
import type { Sent } from "../../services/notifications/send_http.ts";
import { MailReceiver } from "../support/servers/mail_receiver.ts";
import { TlsFront } from "../support/servers/tls_front.ts";

const PROGRAM = new URL("../support/processes/send_one_mail.ts", import.meta.url).pathname;

/** Makes a certificate of a host. @returns Paths of the files. */
async function certificateOf(host: string, folder: string): Promise<{ cert: string; key: string }> {
  const [cert, key, settings] = [`${folder}/cert.pem`, `${folder}/key.pem`, `${folder}/openssl.cnf`];
  await Deno.writeTextFile(
    settings,
    "[req]\ndistinguished_name = name\nx509_extensions = all\n[name]\n[all]\n" +
      `basicConstraints = CA:FALSE\nsubjectAltName = DNS:${host}\n`,
  );
  const made = await new Deno.Command("openssl", {
    args: ["req", "-x509", "-config", settings, "-newkey", "rsa:2048", "-nodes", "-days", "2"]
      .concat("-subj", `/CN=${host}`, "-keyout", key, "-out", cert),
    stderr: "null",
  }).output();
  assert.ok(made.success, "openssl makes no certificate");
  return { cert, key };
}

/** Sends a mail to a server with a certificate of a host. @returns How it ended, and what the server has received. */
async function send(
  tls: "start" | "always",
  { host = "localhost", isTrusted = true }: { readonly host?: string; readonly isTrusted?: boolean } = {},
): Promise<{ sent: Sent; logins: (string | undefined)[] }> {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  try {
    const { cert, key } = await certificateOf(host, folder);
    await using mail = MailReceiver.open();
    await using front = await TlsFront.open({
      port: mail.port,
      tls,
      cert: await Deno.readTextFile(cert),
      key: await Deno.readTextFile(key),
    });
    const server = {
      host: "localhost",
      port: front.port,
      tls,
      user: "berth",
      password: "correct-horse",
      from: "a@example.org",
      to: ["b@example.org"],
    };
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", PROGRAM, JSON.stringify(server)],
      env: isTrusted ? { DENO_CERT: cert } : {},
      stderr: "inherit",
    }).output();
    const sent = JSON.parse(new TextDecoder().decode(stdout));
    return { sent, logins: mail.mails.map(({ login }) => login) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const tls of ["start", "always"] as const) {
  Deno.test(`a mail goes over TLS with tls: ${tls}, and to no server with a wrong certificate`, async () => {
    const [good, unknown, ofAnother] = await Promise.all([
      send(tls),
      send(tls, { isTrusted: false }),
      send(tls, { host: "other.example" }),
    ]);
    assert.deepEqual(good, { sent: { isDelivered: true }, logins: ["berth correct-horse"] });
    for (const { sent, logins } of [unknown, ofAnother]) {
      assert.ok(!sent.isDelivered && sent.why === "down", JSON.stringify(sent));
      assert.match(sent.problem, /its certificate must name 'localhost' and be trusted/);
      assert.deepEqual(logins, [], "no password is sent");
    }
  });
}

Deno.test("a mail goes to no server that offers no TLS, unless the channel says so", async () => {
  await using mail = MailReceiver.open();
  const server = { host: "127.0.0.1", port: mail.port, tls: "start", from: "a@b.org", to: ["c@d.org"] };
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", PROGRAM, JSON.stringify(server)],
  }).output();
  const sent = JSON.parse(new TextDecoder().decode(stdout));
  assert.ok(!sent.isDelivered && /STARTTLS/.test(sent.problem), JSON.stringify(sent));
  assert.deepEqual(mail.mails, []);
});
