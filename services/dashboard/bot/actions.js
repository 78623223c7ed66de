/** The buttons for a bot. */

import { effect } from "@preact/signals";
import { go } from "../app/router.js";
import { ActionButton } from "../components/action_button.js";
import { html } from "../components/html.js";
import { botPath, call } from "../store/api.js";
import { bots } from "../store/bots.js";
import { groupOf } from "../text/states.js";

/** How long the page waits for an action, in ms; the service goes on with it. */
const PATIENCE_MS = 90_000;

/** Waits until the bot is as it should be. @returns Whether it is; false if that takes too long. */
function untilBot(id, isSo) {
  const { promise, resolve } = Promise.withResolvers();
  const timer = setTimeout(() => resolve(false), PATIENCE_MS);
  const stop = effect(() => isSo(bots.value.get(id)) && resolve(true));
  return promise.finally(() => {
    clearTimeout(timer);
    stop();
  });
}

const isSettled = (bot) =>
  bot && (["running", "failing", "silent"].includes(groupOf(bot.state)) || bot.state === "completed");

async function restart(id) {
  const before = bots.value.get(id)?.containerId;
  await call(botPath(id, "/restart"), { method: "POST", what: `restart ${id}` });
  const isDone = await untilBot(id, (bot) => bot?.containerId !== before && isSettled(bot));
  return isDone ? `It is ${bots.value.get(id).state.replaceAll("-", " ")}.` : "Asked for; it takes long.";
}

async function enable(id) {
  await call(botPath(id, "/enable"), { method: "POST", what: `enable ${id}` });
  const isDone = await untilBot(id, isSettled);
  return isDone
    ? `It is ${bots.value.get(id).state.replaceAll("-", " ")}.`
    : "Enabled; its start takes long.";
}

async function disable(id) {
  await call(botPath(id, "/disable"), { method: "POST", what: `disable ${id}` });
  const isDone = await untilBot(id, (bot) => bot?.state === "disabled");
  return isDone ? "It is stopped and stays stopped." : "Disabled; its stop takes long.";
}

async function remove(id) {
  await call(botPath(id), { method: "DELETE", what: `remove ${id}` });
  await untilBot(id, (bot) => bot === undefined);
  go("bots");
  return `${id} is removed.`;
}

/** @param id Id of the bot. @param isEnabled Whether its document enables it. */
export function Actions({ id, isEnabled }) {
  if (!isEnabled) {
    return html`
      <${ActionButton} key="enable" label="Enable" doing="Starting" kind="primary" run=${() => enable(id)} />
      <${ActionButton} key="remove" label="Remove" doing="Removing" kind="danger" run=${() => remove(id)}
        question=${{
          title: `Remove ${id}?`,
          text:
            "Its document goes. Its code, logs, results and state stay until they are purged with berth remove --purge.",
          isDanger: true,
        }} />
    `;
  }
  return html`
    <${ActionButton} key="restart" label="Restart" doing="Restarting" run=${() => restart(id)} question=${{
      title: `Restart ${id}?`,
      text: "It is told to stop, and a new container is started. Until then nobody looks after its orders.",
    }} />
    <${ActionButton} key="disable" label="Disable" doing="Stopping" kind="danger" run=${() => disable(id)}
      question=${{
        title: `Disable ${id}?`,
        text:
          "It is told to stop, and stays stopped until somebody enables it. Its orders and positions stay as they are.",
        isDanger: true,
      }} />
  `;
}
