"""Renews the lease, and carries what Berth and the supervisor have to tell each other."""

import os
from _thread import allocate_lock, start_new_thread

from clock import now
from errors import Refused, Unreachable
from light import Wakeup
from usage import read_usage

RETRY_AFTER = 1.0
LIMIT = 5.0


class Renewer:
    def __init__(self, berth, fence, events, who):
        self.berth, self.fence, self.events, self.who = berth, fence, events, who
        self.wakeup = Wakeup()
        self.lock = allocate_lock()
        self.answers, self.handled = [], set()
        self.state = self.started_at = None

    def start(self):
        start_new_thread(self.run, ())

    def run(self):
        wait = self.fence.renew_every
        while True:
            # Supervisors that have begun together do not come together forever.
            self.wakeup.wait(wait * (1 - 0.2 * os.urandom(1)[0] / 255))
            wait = self.fence.renew_every if self.renew() else min(RETRY_AFTER, self.fence.renew_every)

    def report(self, state=None, started_at=None):
        """Tells Berth with the next renewal, which comes at once."""
        with self.lock:
            self.state = state or self.state
            self.started_at = started_at or self.started_at
        self.wakeup.wake()

    def answer(self, answer):
        with self.lock:
            self.answers.append(answer)
        self.wakeup.wake()

    def renew(self):
        with self.lock:
            answers = self.answers[:20]
            body = {"nonce": self.berth.nonce, "answers": answers}
            if self.state:
                body["state"] = self.state
            if self.started_at is not None:
                body["ranForMs"] = (now() - self.started_at) * 1000
        usage = read_usage()
        if usage:
            body["usage"] = usage
        asked_at = now()
        try:
            answer = self.berth.call("POST", "/supervisor/v1/renew", body, LIMIT)
        except Refused as error:
            if error.status == 410:
                self.fence.is_over = True
                self.events.put(("look",))
            elif error.status == 401:
                self.begin_again()
            return False
        except Unreachable:
            return False
        self.fence.confirm(asked_at)
        with self.lock:
            del self.answers[:len(answers)]
        self.berth.token = answer.get("token", self.berth.token)
        for request in answer.get("requests", []):
            if request["id"] not in self.handled:
                self.handled.add(request["id"])
                self.events.put(("request", request))
        return True

    def begin_again(self):
        """The token is over: a supervisor that Berth did not reach for long takes its own order up again."""
        try:
            order = self.berth.call("POST", "/supervisor/v1/begin", self.who, LIMIT, self.berth.bootstrap)
            self.berth.token = order["token"]
            self.wakeup.wake()
        except Refused as error:
            if error.status in (401, 409, 410):
                self.fence.is_over = True
        except Unreachable:
            pass
