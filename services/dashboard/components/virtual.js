/** Shows only the rows that are on the screen: five hundred cost as much as fifty. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

/** Rows beyond the edges, so that scrolling shows no gap. */
const OVERSCAN_PX = 400;

/**
 * Finds the rows to show. Heights are known, so nothing is measured.
 *
 * @param heights Height of each row in px.
 * @param scroller A ref of the element that scrolls; absent for the page.
 * @returns `ref` for the element that holds the rows, the rows `from` (inclusive) `to` (exclusive), the space `before`
 * and `after` them in px, and `tops`: the place of each row and the end.
 */
export function useVirtual(heights, scroller) {
  const ref = useRef(null);
  const tops = useMemo(() => {
    const sums = new Float64Array(heights.length + 1);
    for (let at = 0; at < heights.length; at++) sums[at + 1] = sums[at] + heights[at];
    return sums;
  }, [heights]);
  const [range, setRange] = useState([0, 40]);
  useEffect(() => {
    let frame;
    const look = () => {
      frame = undefined;
      if (!ref.current) return;
      const view = scroller?.current?.getBoundingClientRect() ?? { top: 0, bottom: innerHeight };
      const { top } = ref.current.getBoundingClientRect();
      const from = rowAt(tops, view.top - top - OVERSCAN_PX);
      const to = rowAt(tops, view.bottom - top + OVERSCAN_PX) + 1;
      setRange((known) => known[0] === from && known[1] === to ? known : [from, to]);
    };
    const lookSoon = () => frame ??= requestAnimationFrame(look);
    const target = scroller?.current ?? globalThis;
    target.addEventListener("scroll", lookSoon, { passive: true });
    addEventListener("resize", lookSoon);
    look();
    return () => {
      cancelAnimationFrame(frame);
      target.removeEventListener("scroll", lookSoon);
      removeEventListener("resize", lookSoon);
    };
  }, [tops]);
  const from = Math.min(range[0], heights.length);
  const to = Math.min(range[1], heights.length);
  return { ref, tops, from, to, before: tops[from], after: tops[heights.length] - tops[to] };
}

/** The last row that begins at or before a place. */
function rowAt(tops, y) {
  let low = 0;
  let high = tops.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tops[middle] <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}
