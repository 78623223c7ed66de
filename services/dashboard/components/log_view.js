/** Lines of a log. Only those on the screen exist, so a million cost as much as fifty. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { clockTime, exactTime } from "../text/format.js";
import { readLine } from "../text/log_text.js";
import { html } from "./html.js";

/** Height of a line in px: `--log-line`. */
const LINE_PX = 20;
const OVERSCAN = 20;
/** Distance to an end, in px, below which more is read. */
const NEAR_PX = 300;
const ORDER = ["debug", "info", "warning", "error"];

/**
 * @param store The log, see `LogStore`. @param hidden Streams that are not shown. @param level The lowest level that is
 * shown; empty for all. @param chosen A signal of the line whose details are shown.
 */
export function LogView({ store, hidden, level, chosen }) {
  const box = useRef(null);
  const isAtEnd = useRef(true);
  const known = useRef({ prepended: 0, hidden, level });
  const [range, setRange] = useState([0, 60]);
  const version = store.version.value;
  const lines = useMemo(() => visibleOf(store.lines, hidden, level), [version, hidden, level]);
  const look = () => {
    // It may be told of a change of size when it is gone.
    if (!box.current) return {};
    const { scrollTop, clientHeight, scrollHeight } = box.current;
    const from = Math.max(0, Math.floor(scrollTop / LINE_PX) - OVERSCAN);
    const to = Math.ceil((scrollTop + clientHeight) / LINE_PX) + OVERSCAN;
    setRange((before) => (before[0] === from && before[1] === to ? before : [from, to]));
    return { isNearTop: scrollTop < NEAR_PX, isAtBottom: scrollTop + clientHeight > scrollHeight - LINE_PX };
  };
  const onScroll = () => {
    const { isNearTop, isAtBottom } = look();
    if (isNearTop) store.earlier();
    if (isAtBottom && store.mode.value === "reading") store.later();
    if (isAtBottom && !isAtEnd.current && store.mode.value === "paused") store.resume();
    if (!isAtBottom && isAtEnd.current && store.mode.value === "live") store.pause();
    isAtEnd.current = isAtBottom;
  };
  useLayoutEffect(() => {
    const isNew = store.prepended - known.current.prepended;
    known.current = { prepended: store.prepended };
    // The lines that somebody reads stay where they are when earlier ones come.
    if (isNew > 0) box.current.scrollTop += isNew * LINE_PX;
    else if (store.mode.value === "live" || store.mode.value === "connecting") {
      box.current.scrollTop = box.current.scrollHeight;
      isAtEnd.current = true;
    } else if (store.mode.value === "reading" && lines.length === 0) box.current.scrollTop = 0;
    look();
  }, [lines, store.mode.value]);
  useEffect(() => {
    const resizing = new ResizeObserver(look);
    resizing.observe(box.current);
    return () => resizing.disconnect();
  }, []);
  const choose = (by) => {
    const at = lines.indexOf(chosen.value);
    const next = Math.max(0, Math.min(lines.length - 1, at < 0 ? lines.length - 1 : at + by));
    chosen.value = lines[next];
    const top = next * LINE_PX;
    if (top < box.current.scrollTop) box.current.scrollTop = top;
    else if (top + LINE_PX > box.current.scrollTop + box.current.clientHeight) {
      box.current.scrollTop = top + LINE_PX - box.current.clientHeight;
    }
  };
  const onKeyDown = (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    choose(by);
  };
  const from = Math.min(range[0], lines.length);
  const to = Math.min(range[1], lines.length);
  const chosenAt = lines.indexOf(chosen.value);
  return html`
    <div class="log-lines" ref=${box} role="listbox" tabindex="0" aria-label="Lines" onScroll=${onScroll}
      onKeyDown=${onKeyDown}
      aria-activedescendant=${chosenAt >= from && chosenAt < to ? `line-${chosenAt}` : undefined}>
      <div class="log-space" role="presentation" style=${{ height: `${lines.length * LINE_PX}px` }}>
        ${lines.slice(from, to).map((line, index) =>
          html`
            <${Line} key=${from + index} line=${line} at=${from + index} isChosen=${line === chosen.value}
              onChoose=${() => chosen.value = line === chosen.value ? undefined : line} />
          `
        )}
      </div>
      ${lines.length === 0 &&
        html`<div role="option" aria-selected="false" class="log-empty faint">${emptyWords(store)}</div>`}
    </div>
  `;
}

function emptyWords(store) {
  if (store.isReading.value || store.mode.value === "connecting") return "Reading …";
  return "No lines yet. Lines appear here when the bot prints them.";
}

function visibleOf(lines, hidden, level) {
  if (hidden.size === 0 && level === "") return [...lines];
  const lowest = ORDER.indexOf(level);
  return lines.filter((line) =>
    !hidden.has(line.stream) && (lowest < 0 || ORDER.indexOf(readLine(line).level) >= lowest)
  );
}

function Line({ line, at, isChosen, onChoose }) {
  const { level, parts, json } = readLine(line);
  const ms = Date.parse(line.time);
  const classes = ["log-line", line.stream, level, isChosen && "chosen"].filter(Boolean).join(" ");
  return html`
    <div id=${`line-${at}`} class=${classes} role="option" aria-selected=${isChosen} style=${{
      top: `${at * LINE_PX}px`,
    }}
      onClick=${onChoose}>
      <time title=${exactTime(ms)}>${clockTime(ms)}<i>.${String(ms % 1000).padStart(3, "0")}</i></time>
      <span class="log-text">${json &&
        html`<span class="fold" aria-hidden="true">${isChosen ? "▾" : "▸"} </span>`}${parts.map(
          ({ text, classes, color }) =>
            classes || color
              ? html`<span class=${classes} style=${color && { "--own": color }}>${text}</span>`
              : text,
        )}</span>
    </div>
  `;
}
