/**
 * Sends one message by e-mail and prints how it ended. A process of its own, because the certificates that a process
 * trusts (`DENO_CERT`) are those of its start. Its only argument is the mail server as JSON.
 *
 * @module
 */

import { toMessage } from "../../../services/notifications/message.ts";
import { testEvent } from "../../../services/notifications/notification_event.ts";
import { sendMail } from "../../../services/notifications/send_mail.ts";

const event = testEvent("a test", { instance: "test", now: Date.now(), suffix: "00" });
const sent = await sendMail(toMessage([event]), JSON.parse(Deno.args[0]!), new AbortController().signal);
console.log(JSON.stringify(sent));
