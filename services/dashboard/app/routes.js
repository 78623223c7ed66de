/** The pages: their places, and what the navigation says of them. */

import { groupCounts } from "../store/bots.js";
import { OverviewPage } from "../pages/overview.js";
import { BotPage } from "../pages/bot.js";
import { SchedulePage } from "../pages/schedule.js";
import { SchedulesPage } from "../pages/schedules.js";
import { BacktestPage } from "../pages/backtest.js";
import { BacktestsPage } from "../pages/backtests.js";
import { LogsPage } from "../pages/logs.js";
import { NotificationsPage } from "../pages/notifications.js";
import { NowherePage } from "../pages/nowhere.js";

/**
 * Pages of the navigation. `count()` gives the number next to the name, `key` the letter after `g`,
 * `short` the name where there is little room;
 * `one` is the page of one of them.
 */
export const PAGES = [
  {
    name: "bots",
    title: "Bots",
    key: "b",
    component: OverviewPage,
    one: BotPage,
    count: () => {
      const { failing = 0, silent = 0, ...others } = groupCounts.value;
      const trouble = failing + silent;
      if (trouble > 0) return { text: trouble, isBad: true, label: `${trouble} need you` };
      const all = Object.values(others).reduce((sum, one) => sum + one, 0);
      return all > 0 ? { text: all } : undefined;
    },
  },
  { name: "schedules", title: "Schedules", key: "s", component: SchedulesPage, one: SchedulePage },
  { name: "backtests", title: "Backtests", key: "t", component: BacktestsPage, one: BacktestPage },
  { name: "logs", title: "Logs", key: "l", component: LogsPage },
  { name: "notifications", title: "Notifications", short: "Alerts", key: "n", component: NotificationsPage },
];

/** Finds the component of a place. */
export function pageOf([name = "bots", id]) {
  const page = PAGES.find((one) => one.name === name);
  return (id === undefined ? page?.component : page?.one) ?? NowherePage;
}
