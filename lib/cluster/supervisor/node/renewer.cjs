"use strict";
/* Renews the lease, and carries what Berth and the supervisor have to tell each other. */
const { Refused } = require("./berth_client.cjs");
const { now } = require("./clock.cjs");
const { readUsage } = require("./usage.cjs");

const RETRY_AFTER_MS = 1000;
const LIMIT_MS = 5000;
/** Maximum number of answers that a renewal carries. */
const MAX_ANSWERS = 20;

class Renewer {
  /** `take` gets the requests of Berth; `who` takes the order up again. */
  constructor({ berth, fence, who, take, look }) {
    Object.assign(this, { berth, fence, who, take, look, answers: [], handled: new Set() });
    this.wake = () => {};
  }

  async run() {
    let waitMs = this.fence.renewEveryMs;
    while (true) {
      await new Promise((resolve) => {
        // Supervisors that have begun together do not come together forever.
        const timer = setTimeout(resolve, this.isAsked ? 0 : waitMs * (0.8 + 0.2 * Math.random()));
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.isAsked = false;
      const isRenewed = await this.renew();
      waitMs = isRenewed ? this.fence.renewEveryMs : Math.min(RETRY_AFTER_MS, this.fence.renewEveryMs);
    }
  }

  /** Tells Berth with the next renewal, which comes at once. */
  report(facts) {
    Object.assign(this, facts);
    this.isAsked = true;
    this.wake();
  }

  answer(answer) {
    this.answers.push(answer);
    this.report({});
  }

  async renew() {
    const answers = this.answers.slice(0, MAX_ANSWERS);
    const usage = readUsage();
    const body = {
      nonce: this.berth.nonce,
      answers,
      ...(this.state && { state: this.state }),
      ...(this.startedAt !== undefined && { ranForMs: now() - this.startedAt }),
      ...(usage && { usage }),
    };
    const askedAt = now();
    try {
      const { token, requests = [] } = await this.berth.call("POST", "/supervisor/v1/renew", body, LIMIT_MS);
      this.fence.confirm(askedAt);
      this.answers.splice(0, answers.length);
      this.berth.token = token ?? this.berth.token;
      for (const request of requests) {
        if (this.handled.has(request.id)) continue;
        this.handled.add(request.id);
        this.take(request);
      }
      return true;
    } catch (error) {
      if (error.status === 410) this.end();
      else if (error.status === 401) await this.beginAgain();
      return false;
    }
  }

  /** The token is over: a supervisor that Berth did not reach for long takes its own order up again. */
  async beginAgain() {
    try {
      const { token } = await this.berth.call(
        "POST",
        "/supervisor/v1/begin",
        this.who,
        LIMIT_MS,
        this.berth.bootstrap,
      );
      this.berth.token = token;
    } catch (error) {
      if (error instanceof Refused && [401, 409, 410].includes(error.status)) this.end();
    }
  }

  end() {
    this.fence.isOver = true;
    this.look();
  }
}

module.exports = { Renewer };
