/**
 * The dashboard as responses: one page, and the modules and styles that it loads.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { FILES, PACKAGES } from "./dashboard_files.ts";

/** Types of the files by the ending of their names. */
const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  html: "text/html; charset=utf-8",
};

/** Names the content of all files: a changed file gives every file a new address. */
const BUILD = digest(Object.entries(FILES).flat().join("\0"), "base64url").slice(0, 16);
const ROOT = `/dashboard/${BUILD}`;

/**
 * Import maps must be in the page itself, so the policy names the map by its hash.
 */
const IMPORT_MAP = JSON.stringify({
  imports: Object.fromEntries(Object.entries(PACKAGES).map(([name, file]) => [name, `${ROOT}/${file}`])),
});

/** Content security policy: the page loads everything from here, and turns no string into code or markup. */
const POLICY = [
  "default-src 'self'",
  `script-src 'self' 'sha256-${digest(IMPORT_MAP, "base64")}'`,
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

/** Styles that all pages share. A page's own come after them, so they win. */
const COMMON_STYLES = ["style/tokens.css", "packages/uplot.css", "style/base.css", "style/parts.css"];
const STYLES = [...COMMON_STYLES, ...named("css").filter((name) => !COMMON_STYLES.includes(name))];

/** All styles, as one file: many small ones compress a third worse. */
const STYLE = "style/all.css";

/** The files that the page loads, by name. */
export const SERVED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(FILES).filter(([name]) => !name.endsWith(".css"))),
  [STYLE]: STYLES.map((name) => FILES[name]).join("\n"),
};

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Berth</title>
<link rel="icon" href="${ROOT}/style/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${ROOT}/${STYLE}">
<script type="importmap">${IMPORT_MAP}</script>
${named("js").map((name) => `<link rel="modulepreload" href="${ROOT}/${name}">`).join("\n")}
<script type="module" src="${ROOT}/app/main.js"></script>
</head>
<body>
<div id="app"><noscript>The dashboard needs JavaScript. On the command line, <code>berth ps</code> lists the bots.</noscript></div>
</body>
</html>
`;

/** Gives a header of a request by its name. */
export type HeaderOf = (name: string) => string | undefined;

/** Compressed files by encoding and ETag: each is compressed once, when somebody asks for it. */
const compressed = new Map<string, Promise<Uint8Array>>();

/**
 * Makes the response of the page.
 *
 * @param header Gives the headers of the request.
 */
export async function dashboardPage(header: HeaderOf): Promise<Response> {
  return await respond(header, "index.html", PAGE, {
    // A browser asks each time, so that nobody who is logged out sees the page.
    "cache-control": "no-cache",
    "content-security-policy": POLICY,
  });
}

/**
 * Makes the response of a file.
 *
 * @param header Gives the headers of the request.
 * @param build The build that its address names.
 * @param name Name of the file.
 * @returns `undefined` if this build has no such file.
 */
export async function dashboardFile(
  header: HeaderOf,
  build: string,
  name: string,
): Promise<Response | undefined> {
  if (build !== BUILD || !Object.hasOwn(SERVED, name)) return undefined;
  return await respond(header, name, SERVED[name]!, {
    "cache-control": "private, max-age=31536000, immutable",
  });
}

async function respond(
  header: HeaderOf,
  name: string,
  text: string,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const etag = `"${digest(text, "base64url").slice(0, 22)}"`;
  const all = { ...headers, etag, vary: "accept-encoding" };
  const known = header("if-none-match");
  if (known?.split(",").some((one) => one.trim().replace(/^W\//, "") === etag)) {
    return new Response(null, { status: 304, headers: all });
  }
  const encoding = encodingFor(header("accept-encoding"));
  const body = await encode(text, encoding, etag);
  return new Response(body as Uint8Array<ArrayBuffer>, {
    headers: {
      ...all,
      "content-type": TYPES[name.slice(name.lastIndexOf(".") + 1)]!,
      ...(encoding && { "content-encoding": encoding }),
    },
  });
}

function encodingFor(accepted: string | undefined): "br" | "gzip" | undefined {
  const names = (accepted ?? "").split(",")
    .filter((one) => !/;\s*q=0(\.0*)?\s*$/.test(one))
    .map((one) => one.split(";")[0]!.trim().toLowerCase());
  return names.includes("br") ? "br" : names.includes("gzip") ? "gzip" : undefined;
}

async function encode(text: string, encoding: "br" | "gzip" | undefined, etag: string): Promise<Uint8Array> {
  if (!encoding) return new TextEncoder().encode(text);
  const key = `${encoding} ${etag}`;
  const known = compressed.get(key);
  if (known) return await known;
  const made = encoding === "gzip"
    ? promisify(gzip)(text, { level: 9 })
    : promisify(brotliCompress)(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
  compressed.set(key, made);
  return await made;
}

function named(ending: string): string[] {
  return Object.keys(FILES).filter((name) => name.endsWith(`.${ending}`));
}

function digest(text: string, encoding: "base64" | "base64url"): string {
  return createHash("sha256").update(text).digest(encoding);
}
