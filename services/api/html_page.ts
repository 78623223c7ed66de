/**
 * Pages without scripts and without anything from elsewhere.
 *
 * @module
 */

import { createHash } from "node:crypto";

const STYLE = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: light-dark(#131926, #e7ebf2); background: light-dark(#f6f7f9, #0d1016); }
a { color: light-dark(#2a58c6, #84a9ff); }
h1 { font-size: 1.35rem; }
code, pre { font: 0.9em/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid #8884; border-radius: 4px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid #8884; }
h2 { margin-top: 2.5rem; font-size: 1.1rem; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700; }
.note { opacity: 0.75; }
.card { max-width: 30rem; margin: 12vh auto; padding: 0.5rem 1.75rem; border: 1px solid #8884; border-radius: 12px;
  background: light-dark(#fff, #151a22); }
`;
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** Nothing is loaded, and nothing but the style of the page itself applies. */
const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; ` +
  "base-uri 'none'; frame-ancestors 'none'";

/**
 * Escapes a string for HTML.
 *
 * @param text The string.
 */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/**
 * Writes a page.
 *
 * @param title Its title, as a plain string.
 * @param body Its body, as HTML.
 */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

/**
 * Makes the response of a page.
 *
 * @param page The page, see {@linkcode htmlPage}.
 * @param status Status of the response.
 * @param headers More headers.
 */
export function pageResponse(
  page: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(page, {
    status,
    headers: {
      ...headers,
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": PAGE_POLICY,
    },
  });
}
