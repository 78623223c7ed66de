/** The frame of every page: navigation, state of the connection, dialogs. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { part } from "../components/boundary.js";
import { ConfirmDialog } from "../components/confirm.js";
import { html } from "../components/html.js";
import { LiveRegion } from "../components/say.js";
import { connection } from "../store/connection.js";
import { service } from "../store/service.js";
import { caller, logOut } from "../store/session.js";
import { ConnectionBanner } from "./connection_banner.js";
import { HelpDialog } from "./help_dialog.js";
import { isHelpOpen } from "./keys.js";
import { LoginDialog } from "./login_dialog.js";
import { pageOf, PAGES } from "./routes.js";
import { linkTo, place } from "./router.js";
import { nextTheme, theme } from "./theme.js";

export function Shell() {
  const { parts } = place.value;
  const main = useRef(null);
  const path = parts.join("/");
  const before = useRef(path);
  // With the page, not after it: a key may already have given the focus to something else.
  useLayoutEffect(() => {
    if (before.current === path) return;
    before.current = path;
    // A new page begins at its top, also for people who listen.
    scrollTo(0, 0);
    main.current.focus({ preventScroll: true });
  }, [path]);
  return html`
    <a class="skip" href="#main" onClick=${(event) => {
      event.preventDefault();
      main.current.focus();
    }}>Skip to the content</a>
    <div class="frame">
      <${Side} />
      <main id="main" class=${connection.value === "lost" ? "main stale" : "main"} tabindex="-1" ref=${main}>
        <${ConnectionBanner} />
        <${Place} key=${path} parts=${parts} />
        <${Foot} />
      </main>
    </div>
    <${HelpDialog} />
    <${ConfirmDialog} />
    <${LoginDialog} />
    <${LiveRegion} />
  `;
}

function Place({ parts }) {
  const Page = pageOf(parts);
  return part("This page", html`<${Page} id=${parts[1]} />`);
}

function Side() {
  const [name = "bots"] = place.value.parts;
  return html`
    <nav class="side" aria-label="Pages">
      <a class="brand" href="#/">
        <svg viewBox="0 0 16 16" aria-hidden="true"><path fill="var(--accent)" d=${SHIP} /></svg>Berth
      </a>
      <ul>
        ${PAGES.map((page) =>
          html`
            <li>
              <a href=${linkTo(page.name)} aria-current=${page.name === name ? "page" : undefined}>
                ${page.short
                  ? html`<span class="long">${page.title}</span><span class="short" aria-hidden="true">${page.short}</span>`
                  : page.title} <${Count} ...${page.count?.()} />
              </a>
            </li>
          `
        )}
      </ul>
      <${Foot} />
    </nav>
  `;
}

const SHIP = "M1.500 9.500h13l-1.600 4a1.500 1.500 0 0 1-1.400 1H4.500a1.500 1.500 0 0 1-1.400-1z" +
  "M4 5h3.500v3.500H4zM8.500 5H12v3.500H8.500zM6.200 1.500h3.600V4H6.200z";

function Count({ text, isBad, label }) {
  if (text === undefined) return null;
  return html`
    <span class=${isBad ? "count bad" : "count"} aria-hidden=${label !== undefined}>${text}</span>
    ${label && html`<span class="hidden-label">, ${label}</span>`}
  `;
}

/** The foot: next to the pages, or on a phone below them. */
function Foot() {
  const about = service.value;
  const isLive = connection.value === "live";
  return html`
    <div class="foot">
      <span class=${isLive ? "chip running" : "chip waiting"} data-live=${isLive || undefined}>${isLive
        ? "Live"
        : connection.value === "lost"
        ? "Not connected"
        : "Connecting"}</span>
      ${about && html`<span>${about.instance} · ${about.version}</span>`}
      ${caller.value &&
        html`<span class="who" title=${caller.value.name}>${caller.value.name}${
          caller.value.role === "read" ? ", read-only" : ""
        }</span>`}
      <button class="quiet" onClick=${nextTheme}>Theme: ${theme}</button>
      <button class="quiet" onClick=${() => isHelpOpen.value = true}>Keys <kbd>?</kbd></button>
      <button class="quiet" onClick=${logOut}>Log out</button>
    </div>
  `;
}
