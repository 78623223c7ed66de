/**
 * The session. When it is over, requests wait until somebody logs in again, here or in another tab.
 */

import { effect, signal } from "@preact/signals";

/** The request that waits for a login, in words; `undefined` while the session is valid. */
export const waiting = signal(undefined);

/** The caller who is logged in: `{ name, role }`. */
export const caller = signal(undefined);

/** Whether actions are allowed. */
export const mayOperate = () => caller.value?.role !== "read";

const LOOK_MS = 3000;

let regained;

/**
 * Waits until there is a session again.
 *
 * @param what The waiting request, in words, if a person asked for it.
 * @returns Whether there is one; false if the person gave up.
 */
export function untilLoggedIn(what) {
  regained ??= Promise.withResolvers();
  waiting.value = [...new Set([...waiting.value ?? [], ...(what ? [what] : [])])];
  return regained.promise;
}

/** Cancels waiting requests, so that they are not sent later by surprise. */
export function giveUp() {
  settle(false);
  // The stream of events goes on asking.
}

/**
 * Logs in with the link that `berth dashboard` prints.
 *
 * @param text The link, or its code.
 * @returns Whether it worked.
 */
export async function logIn(text) {
  const code = /login_[\w-]+/.exec(text)?.[0];
  if (code === undefined) return false;
  await fetch(`/login?code=${encodeURIComponent(code)}`).catch(() => {});
  return await look();
}

/** Ends the session, and shows how to begin another. */
export async function logOut() {
  const response = await fetch("/api/logout", { method: "POST" }).catch(() => undefined);
  // Without an answer the session goes on, and the page says that it is not connected.
  if (response) location.assign("/");
}

async function look() {
  const response = await fetch("/api/service").catch(() => undefined);
  if (!response?.ok) return false;
  settle(true);
  return true;
}

function settle(isLoggedIn) {
  waiting.value = undefined;
  regained?.resolve(isLoggedIn);
  regained = undefined;
}

// Somebody may log in in another tab.
effect(() => {
  if (waiting.value === undefined) return;
  const timer = setInterval(look, LOOK_MS);
  addEventListener("focus", look);
  return () => {
    clearInterval(timer);
    removeEventListener("focus", look);
  };
});
