import assert from "node:assert/strict";
import { TlsRenewal } from "../../../../services/api/tls_files.ts";

Deno.test("TlsRenewal gives the server a renewed certificate within a minute, and keeps the old one until it fits", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  try {
    const files = { certFile: `${folder}/cert.pem`, keyFile: `${folder}/key.pem` };
    const write = async (cert: string, key: string) => {
      await Deno.writeTextFile(files.certFile, cert);
      await Deno.writeTextFile(files.keyFile, key);
    };
    const used: string[] = [];
    const logged: string[] = [];
    const server = {
      setSecureContext({ cert, key }: { cert?: unknown; key?: unknown }) {
        if (String(cert).slice(-1) !== String(key).slice(-1)) throw new Error("key values mismatch");
        used.push(String(cert));
      },
    };
    const log = {
      info: (text: unknown) => void logged.push(String(text)),
      warn: (text: unknown) => void logged.push(String(text)),
    };
    let now = 0;
    const renewal = new TlsRenewal(files, server as never, log as never, { monotonic: () => now });
    await write("cert1", "key1");
    await renewal.look();
    await write("cert2", "key1");
    await renewal.look();
    assert.deepEqual(used, []);
    now += 60_000;
    await renewal.look();
    assert.deepEqual([used, logged.length], [[], 1]);
    await write("cert2", "key2");
    now += 60_000;
    await renewal.look();
    now += 60_000;
    await renewal.look();
    assert.deepEqual(used, ["cert2"]);
    assert.equal(logged.at(-1), "certificate renewed");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
