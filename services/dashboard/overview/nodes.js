/** The nodes of a cluster, and what runs on them. */

import { useSignal } from "@preact/signals";
import { ActionButton } from "../components/action_button.js";
import { html } from "../components/html.js";
import { call } from "../store/api.js";
import { bots } from "../store/bots.js";
import { useRepeat } from "../store/repeat.js";
import { bytes, many } from "../text/format.js";
import { plainText } from "../text/plain_text.js";

const LOOK_MS = 10_000;
const DRAIN = { title: "Drain this node?", text: "Its bots restart on others, one by one." };
const TAKES = { active: ["running", "Ready"], pause: ["waiting", "Cordoned"], drain: ["waiting", "Drained"] };

/** Rows of a list of facts; none on one host. */
export function Nodes() {
  const nodes = useSignal([]);
  const isCluster = [...bots.value.values()].some(({ node }) => node);
  const look = async (signal) => {
    if (isCluster) nodes.value = (await call("/api/nodes", { signal })).nodes;
  };
  useRepeat(look, LOOK_MS, [isCluster]);
  const act = async (id, action) => {
    await call(`/api/nodes/${id}/${action}`, { method: "POST" });
    await look();
    return "Asked for.";
  };
  return nodes.value.map(({ id, drain, ...node }) => {
    const [tone, word] = node.state === "ready" ? TAKES[node.availability] : ["failing", node.state];
    const [label, question] = node.availability === "active" ? ["Drain", DRAIN] : ["Activate"];
    return html`
      <dt>${plainText(node.name, 60)}</dt>
      <dd><span class=${`chip ${tone}`}>${word}</span> <span class="soft">${many(node.bots.length, "bot")},
        limits of ${bytes(node.memoryLimitBytes)}${node.memoryBytes &&
          ` of ${bytes(node.memoryBytes)}`}${drain &&
          `, ${drain.state} ${plainText([drain.moving?.bot, drain.reason].join(" "), 300)}`}</span>
        <${ActionButton} key=${label} label=${label} doing=${label} subject=${node.name} question=${question}
          run=${() => act(id, label.toLowerCase())} /></dd>
    `;
  });
}
