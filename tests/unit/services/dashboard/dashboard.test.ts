import assert from "node:assert/strict";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { dashboardFiles } from "../../../../scripts/write_dashboard_files.ts";
import { dashboardFile, dashboardPage, SERVED } from "../../../../services/dashboard/dashboard.ts";
import { FILES } from "../../../../services/dashboard/dashboard_files.ts";
import { ApiFixture } from "../../../support/fixtures/api_fixture.ts";

const MAX_BYTES = 150 * 1024;

const headers = (values: Record<string, string> = {}) => (name: string) => values[name];

async function buildOf(): Promise<string> {
  const page = await (await dashboardPage(headers())).text();
  return /\/dashboard\/([\w-]+)\/app\/main\.js/.exec(page)![1]!;
}

Deno.test("the table of the dashboard's files names every file", async () => {
  const table = new URL("../../../../services/dashboard/dashboard_files.ts", import.meta.url);
  assert.equal(await Deno.readTextFile(table), await dashboardFiles(), "run: deno task dashboard-files");
});

Deno.test("the dashboard has less than 150 KB, compressed", async () => {
  const build = await buildOf();
  let size = 0;
  for (const name of Object.keys(SERVED)) {
    const response = await dashboardFile(headers({ "accept-encoding": "gzip" }), build, name);
    size += (await response!.bytes()).length;
  }
  assert.ok(size < MAX_BYTES, `${size} bytes`);
});

Deno.test("modules import only what the page's import map or the table has", () => {
  const known = new Set(Object.keys(FILES));
  for (const [name, text] of Object.entries(FILES)) {
    if (!name.endsWith(".js") || name.startsWith("packages/")) continue;
    for (const [, specifier] of text.matchAll(/^(?:import|\} from)\b.*?"([^"]+)";$/gm)) {
      if (!specifier!.startsWith(".")) continue;
      const path = new URL(specifier!, `http://dashboard/${name}`).pathname.slice(1);
      assert.ok(known.has(path), `${name} imports ${specifier}`);
    }
  }
});

Deno.test("the page and its files come compressed, with an ETag that saves sending them again", async () => {
  const page = await dashboardPage(headers({ "accept-encoding": "gzip, br;q=0" }));
  assert.equal(page.headers.get("content-encoding"), "gzip");
  assert.match(gunzipSync(await page.bytes()).toString(), /^<!doctype html>/);
  assert.equal(page.headers.get("cache-control"), "no-cache");
  const policy = page.headers.get("content-security-policy")!;
  assert.match(policy, /^default-src 'self'; script-src 'self' 'sha256-[\w+/=]+'; /);
  assert.doesNotMatch(policy, /unsafe/);
  const again = await dashboardPage(headers({ "if-none-match": `W/${page.headers.get("etag")!}` }));
  assert.deepEqual([again.status, await again.text()], [304, ""]);

  const build = await buildOf();
  const file = await dashboardFile(headers({ "accept-encoding": "br" }), build, "style/all.css");
  assert.equal(file!.headers.get("content-type"), "text/css; charset=utf-8");
  assert.match(file!.headers.get("cache-control")!, /immutable/);
  assert.equal(brotliDecompressSync(await file!.bytes()).toString(), SERVED["style/all.css"]);
  assert.equal(await dashboardFile(headers(), build, "__proto__"), undefined);
  assert.equal(await dashboardFile(headers(), "earlier", "style/all.css"), undefined);
});

Deno.test("nobody who is not logged in gets the dashboard or a file of it", async () => {
  await using fixture = await ApiFixture.open();
  const { send, makeToken } = fixture;
  const path = `/dashboard/${await buildOf()}/app/main.js`;
  const { value: token } = await makeToken("read");
  for (const each of ["/", path]) {
    const refused = await send(each, { headers: { accept: "text/html" } });
    assert.equal(refused.status, 401);
    assert.match(await refused.text(), /berth dashboard/);
    const given = await send(each, { token });
    assert.equal(given.status, 200);
    await given.body?.cancel();
  }
  const wrong = await send("/dashboard/earlier/app/main.js", { token });
  assert.deepEqual([wrong.status, (await wrong.json()).code], [404, "route/not-found"]);
});
