/** The pages: their places, and what the navigation says of them. */

import { groupCounts } from "../store/bots.js";
import { OverviewPage } from "../pages/overview.js";
import { BotPage } from "../pages/bot.js";
import { NowherePage } from "../pages/nowhere.js";

/** Pages of the navigation. `count()` gives what stands beside the name, `key` the letter after `g`. */
export const PAGES = [
  {
    name: "bots",
    title: "Bots",
    key: "b",
    component: OverviewPage,
    count: () => {
      const { failing = 0, silent = 0, ...others } = groupCounts.value;
      const trouble = failing + silent;
      if (trouble > 0) return { text: trouble, isBad: true, label: `${trouble} need you` };
      const all = Object.values(others).reduce((sum, one) => sum + one, 0);
      return all > 0 ? { text: all } : undefined;
    },
  },
];

/** Finds the component of a place. */
export function pageOf([name = "bots", id]) {
  if (name === "bots" && id !== undefined) return BotPage;
  return PAGES.find((page) => page.name === name)?.component ?? NowherePage;
}
