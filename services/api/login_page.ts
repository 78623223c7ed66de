/**
 * The page of a browser that is not logged in.
 *
 * @module
 */

import { htmlPage, pageResponse } from "./html_page.ts";

/**
 * Makes the response to a browser that is not logged in.
 *
 * @param headers Headers of the response to a program.
 */
export function loginPage(headers: Headers): Response {
  const page = htmlPage(
    "Berth: log in",
    `<main class="card">
<h1>Log in to Berth</h1>
<p>You are not logged in, or your session or login link is over.</p>
<p>Run <code>berth dashboard</code> on the machine of the service, and open the link that it prints. It works once,
within two minutes.</p>
<p><a href="/">Try again</a>, for example after you have logged in elsewhere in this browser.</p>
</main>`,
  );
  const authenticate = headers.get("www-authenticate");
  return pageResponse(page, 401, authenticate === null ? {} : { "www-authenticate": authenticate });
}
