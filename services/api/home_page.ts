/**
 * The start page: who is logged in, and where the API is described.
 *
 * @module
 */

import type { Caller } from "./api_parts.ts";
import { escapeHtml, htmlPage, pageResponse } from "./html_page.ts";

/**
 * Writes the page.
 *
 * @param caller Who is logged in.
 * @param instance Name of the instance.
 * @param version Version of Berth.
 */
export function homePage(caller: Caller, instance: string, version: string): string {
  const right = caller.role === "operate" ? "look and change" : "look";
  const logout = caller.sessionId === undefined
    ? ""
    : `<form method="post" action="/api/logout"><button>Log out</button></form>`;
  return htmlPage(
    `Berth ${instance}`,
    `<h1>Berth</h1>
<p>Instance <b>${escapeHtml(instance)}</b>, version ${escapeHtml(version)}.
You are <b>${escapeHtml(caller.name)}</b> and may ${right}.</p>
${logout}
<p>The dashboard is not part of this version. There is the API: <a href="/api/docs">its description</a>,
<a href="/api/openapi.json">the same for programs</a>, <a href="/api/service">how the service is</a>,
<a href="/api/bots">the bots</a>, <a href="/api/audit">who changed what</a>.
On the command line, <code>berth ps</code> lists the bots.</p>`,
  );
}

/**
 * Makes the response to a browser that is not logged in.
 *
 * @param headers Headers of the response to a program.
 */
export function loginPage(headers: Headers): Response {
  const page = htmlPage(
    "Berth: log in",
    `<h1>Berth</h1>
<p>You are not logged in, or your session or login link is over.</p>
<p>Run <code>berth dashboard</code> on the machine of the service, and open the link that it prints.</p>`,
  );
  const authenticate = headers.get("www-authenticate");
  return pageResponse(page, 401, authenticate === null ? {} : { "www-authenticate": authenticate });
}
