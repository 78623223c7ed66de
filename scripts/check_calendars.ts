/**
 * Compares every session of every shipped calendar with the Python package exchange-calendars. Needs an environment in
 * which the package is installed; `scripts/make_calendars.py` says how to make it.
 *
 * @module
 */

import { compareCalendars } from "../tests/support/calendar_table.ts";
import { SHIPPED_CALENDARS } from "../services/calendars/shipped_calendars.ts";

const python = Deno.args[0] ?? ".berth/calendars/bin/python";
const { success, stdout } = await new Deno.Command(python, {
  args: ["scripts/make_calendars.py", "--sessions"],
  stderr: "inherit",
}).output();
if (!success) Deno.exit(1);
const { days, differences } = compareCalendars(new TextDecoder().decode(stdout));
for (const [name, count] of days) console.log(`${name}: ${count} days`);
const missing = Object.keys(SHIPPED_CALENDARS).filter((name) => !days.has(name));
for (const line of [...differences.slice(0, 50), ...missing.map((name) => `${name}: was not compared`)]) {
  console.log(line);
}
const total = [...days.values()].reduce((sum, count) => sum + count, 0);
console.log(`${days.size} calendars, ${total} days, ${differences.length + missing.length} differences`);
Deno.exit(differences.length + missing.length > 0 ? 1 : 0);
