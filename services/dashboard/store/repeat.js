/** Repeats a question while somebody looks. */

import { useEffect } from "preact/hooks";
import { connection, listen } from "./connection.js";

/**
 * Asks at once, again every `ms` while the page is visible and connected, and after each new connection. Failures show as
 * a lost connection, so they are not reported here.
 *
 * @param ask Asks; gets a signal that ends it.
 * @param ms How often.
 */
export function repeat(ask, ms) {
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
    } catch (error) {
      if (error.status === undefined && error.name !== "AbortError") console.error(error);
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

/** Repeats a question while a component is there. */
export function useRepeat(ask, ms, inputs = []) {
  useEffect(() => repeat(ask, ms), inputs);
}
