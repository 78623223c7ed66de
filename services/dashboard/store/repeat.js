/** Repeats a question while somebody looks. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { connection, listen } from "./connection.js";

/**
 * Asks at once, again every `ms` while the page is visible and connected, and after each new connection.
 *
 * @param ask Asks; gets a signal that ends it.
 * @param ms How often.
 * @param onEnd Called after each answer, with the problem if it has failed.
 * @returns Ends it.
 */
export function repeat(ask, ms, onEnd = () => {}) {
  const ending = new AbortController();
  let asking;
  const onConnect = () => {
    // An answer that is under way may be older than the connection, or never come.
    asking?.abort();
    asking = undefined;
    once();
  };
  const once = async () => {
    if (asking || document.hidden || connection.value !== "live") return;
    const own = asking = new AbortController();
    try {
      await ask(AbortSignal.any([ending.signal, own.signal]));
      onEnd();
    } catch (error) {
      if (error.name === "AbortError") return;
      if (error.status === undefined) console.error(error);
      onEnd(error);
    } finally {
      if (asking === own) asking = undefined;
    }
  };
  const stopListening = listen({ onConnect });
  const timer = setInterval(once, ms);
  document.addEventListener("visibilitychange", once);
  return () => {
    ending.abort();
    stopListening();
    clearInterval(timer);
    document.removeEventListener("visibilitychange", once);
  };
}

/**
 * Repeats a question while a component is there.
 *
 * @returns `{ problem, readAt }` if the last answer has failed: why, and when the last good one came, in ms; `readAt` is
 * absent if none did.
 */
export function useRepeat(ask, ms, inputs = []) {
  const late = useSignal(undefined);
  const readAt = useRef(undefined);
  const onEnd = (problem) => {
    if (!problem) readAt.current = Date.now();
    late.value = problem && { problem, readAt: readAt.current };
  };
  useEffect(() => repeat(ask, ms, onEnd), inputs);
  return late.value;
}
