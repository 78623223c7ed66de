/** The nodes of a cluster, and what runs on them. */

import { useSignal } from "@preact/signals";
import { html } from "../components/html.js";
import { call } from "../store/api.js";
import { bots } from "../store/bots.js";
import { useRepeat } from "../store/repeat.js";
import { bytes, many } from "../text/format.js";
import { plainText } from "../text/plain_text.js";

const LOOK_MS = 10_000;
const TAKES = { active: ["running", "Ready"], pause: ["waiting", "Cordoned"], drain: ["waiting", "Drained"] };

/** Rows of a list of facts; none on one host. */
export function Nodes() {
  const nodes = useSignal([]);
  const isCluster = [...bots.value.values()].some(({ node }) => node);
  const look = async (signal) => {
    if (isCluster) nodes.value = (await call("/api/nodes", { signal })).nodes;
  };
  useRepeat(look, LOOK_MS, [isCluster]);
  return nodes.value.map((node) => {
    const [tone, word] = node.state === "ready" ? TAKES[node.availability] : ["failing", node.state];
    return html`
      <dt>${plainText(node.name, 60)}</dt>
      <dd><span class=${`chip ${tone}`}>${word}</span> <span class="soft">${many(node.bots.length, "bot")},
        limits of ${bytes(node.memoryLimitBytes)}${node.memoryBytes &&
          ` of ${bytes(node.memoryBytes)}`}</span></dd>
    `;
  });
}
