/** The number of hits over time. A click on a bar, or the arrow keys, show the hits of its time. */

import { html } from "../components/html.js";
import { clockTime, many, shortTime } from "../text/format.js";

const BARS = 60;
const STEP = 10;
const HEIGHT = 60;

/**
 * Counts hits by time.
 *
 * @param hits The hits. @param from Where it begins, in ms; absent for the first hit. @param to Where it ends; absent for the last.
 */
export function histogramOf(hits, from, to) {
  const times = hits.map(({ time }) => Date.parse(time));
  const begin = from ?? times.reduce((least, time) => Math.min(least, time), Infinity);
  const end = Math.max(to ?? times.reduce((most, time) => Math.max(most, time), -Infinity), begin + BARS);
  const width = (end - begin) / BARS;
  const counts = Array(BARS).fill(0);
  for (const time of times) {
    const at = Math.floor((time - begin) / width);
    counts[Math.max(0, Math.min(BARS - 1, at))]++;
  }
  return { begin, width, counts };
}

/** @param hits See `histogramOf()`. @param from See there. @param to See there. @param range A signal of the time that is shown. */
export function Histogram({ hits, from, to, range }) {
  const { begin, width, counts } = histogramOf(hits, from, to);
  const most = Math.max(...counts);
  const bar = (at) => ({ from: begin + at * width, to: begin + (at + 1) * width });
  const choose = ({ currentTarget, offsetX }) => {
    const at = Math.min(BARS - 1, Math.floor(offsetX / currentTarget.clientWidth * BARS));
    range.value = counts[at] === 0 || range.value?.from === bar(at).from ? undefined : bar(at);
  };
  const filled = counts.flatMap((count, at) => (count > 0 ? [at] : []));
  const chosen = filled.findIndex((at) => range.value?.from === bar(at).from);
  const textOf = (at) => `${words(bar(at).from)}: ${many(counts[at], "line")}`;
  const onKey = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined && event.key !== "Escape") return;
    event.preventDefault();
    const next = chosen < 0 ? (by < 0 ? filled.length - 1 : 0) : chosen + by;
    range.value = by === undefined || filled[next] === undefined ? undefined : bar(filled[next]);
  };
  const words = width * BARS < 3600_000 ? clockTime : (at) => shortTime(at);
  const top = counts.indexOf(most);
  const label = `${many(hits.length, "line")} from ${shortTime(begin)} to ${
    shortTime(begin + BARS * width)
  }, most of them around ${shortTime(begin + top * width)}`;
  return html`
    <div class="histogram">
      <svg viewBox="0 0 ${BARS * STEP} ${HEIGHT}" preserveAspectRatio="none" role="slider" tabindex="0"
        aria-label=${label}
        aria-valuemin="0" aria-valuemax=${filled.length} aria-valuenow=${chosen + 1}
        aria-valuetext=${chosen < 0
          ? "all of them"
          : textOf(filled[chosen])} onClick=${choose} onKeyDown=${onKey}>
        ${counts.map((count, at) => {
          const height = count === 0 ? 1 : Math.max(3, count / most * HEIGHT);
          const isOut = range.value && range.value.from !== bar(at).from;
          return html`
            <rect key=${at} class=${count === 0 ? "none" : isOut ? "out" : ""} x=${at * STEP + 1}
              y=${HEIGHT - height} width=${STEP - 2} height=${height}>
              <title>${textOf(at)}</title>
            </rect>
          `;
        })}
      </svg>
      <div class="between faint"><span>${words(begin)}</span><span class="push">${words(
        begin + BARS * width,
      )}</span></div>
    </div>
  `;
}
