/** The view of the bots: search text, group, order and label. Kept in the address. */

import { computed, effect, signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { place, setQuery } from "../app/router.js";
import { bots } from "../store/bots.js";
import { usage } from "../store/usage.js";
import { groupOf, GROUPS } from "../text/states.js";

/** Orders by name: each compares two bots. */
const ORDERS = {
  state: (a, b) => rank(a) - rank(b) || b.exits - a.exits,
  name: () => 0,
  since: (a, b) => (b.since ?? "").localeCompare(a.since ?? ""),
  version: (a, b) => (b.version ?? "").localeCompare(a.version ?? "", "en", { numeric: true }),
  exits: (a, b) => b.exits - a.exits,
  cpu: (a, b) => used(b, "cpu") - used(a, "cpu"),
  memory: (a, b) => used(b, "memory") - used(a, "memory"),
};

const rank = ({ state }) => GROUPS.indexOf(groupOf(state));
const used = ({ id }, what) => usage.value.get(id)?.[what] ?? -1;
const byId = (a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** Makes the view of a page. */
export function useView() {
  const view = useMemo(() => {
    const { query } = place.peek();
    return {
      text: signal(query.get("find") ?? ""),
      group: signal(query.get("state") ?? ""),
      order: signal(Object.hasOwn(ORDERS, query.get("order") ?? "") ? query.get("order") : "state"),
      label: signal(query.get("by") ?? ""),
    };
  }, []);
  useEffect(() =>
    effect(() => {
      const values = {
        find: view.text.value,
        state: view.group.value,
        order: view.order.value === "state" ? "" : view.order.value,
        by: view.label.value,
      };
      for (const [name, value] of Object.entries(values)) {
        if (value !== (place.peek().query.get(name) ?? "")) setQuery(name, value);
      }
    }), []);
  return view;
}

/** The names of all labels. */
export const labelNames = computed(() =>
  [...new Set([...bots.value.values()].flatMap(({ labels = {} }) => Object.keys(labels)))].sort()
);

/** The strings of each bot that are searched: made once, as each key that is pressed searches all. */
const texts = new WeakMap();

function textOf(bot) {
  const known = texts.get(bot);
  if (known !== undefined) return known;
  const { id, version = "", runtime = "", condition = "", labels = {} } = bot;
  const pairs = Object.entries(labels).map((pair) => pair.join("="));
  const text = [id, version, runtime, condition, ...pairs].join("\n").toLowerCase();
  texts.set(bot, text);
  return text;
}

/** Whether a bot has all the words somewhere. */
const matches = (bot, words) => words.length === 0 || words.every((word) => textOf(bot).includes(word));

/** The bots of a view in its order, with a heading before each group: `{ heading }` or `{ bot }`. */
export function rowsOf(view) {
  const words = view.text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const group = view.group.value;
  const found = [...bots.value.values()]
    .filter((bot) => (group === "" || groupOf(bot.state) === group) && matches(bot, words))
    .sort((a, b) => ORDERS[view.order.value](a, b) || byId(a, b));
  const label = view.label.value;
  if (label === "") return found.map((bot) => ({ bot }));
  const groups = Map.groupBy(found, ({ labels = {} }) => Object.hasOwn(labels, label) ? labels[label] : "");
  return [...groups].sort(([a], [b]) => (a === "" ? 1 : b === "" ? -1 : a < b ? -1 : 1))
    .flatMap(([value, of]) => [
      { heading: value === "" ? `no ${label}` : `${label}: ${value}`, bots: of },
      ...of.map((bot) => ({ bot })),
    ]);
}

/** Rows of a view, as a signal of a component. */
export function useRows(view) {
  const open = useSignal(undefined);
  const rows = useComputed(() =>
    rowsOf(view).flatMap((row) => row.bot && row.bot.id === open.value ? [row, { lines: row.bot }] : [row])
  );
  return { rows, open };
}
