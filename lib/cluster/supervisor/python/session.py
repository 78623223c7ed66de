"""One bot from its order to its end. The main thread decides; others wait for Berth, for the code and for the bot."""

import os
import sys
import time
from _thread import start_new_thread

from berth_client import Berth
from bot_process import BotUser, exit_code, hide, run_command
from bytecode_cache import CACHE_ROOT
from cache import Cache
from clock import now
from end import finish
from errors import PrepareError, Refused, StateError, Unreachable
from fence import Fence
from light import Empty, SimpleQueue, signals
from prepare import Preparation
from renewer import Renewer
from usage import out_of_memory_kills
from words import say

FENCED, FAILED = 75, 70
BEGIN_PATIENCE = 60.0  # seconds until a supervisor that gets no order gives up
REASON_PATIENCE = 2.0  # seconds that Berth gets to say why it stops the bot
LOOK_EVERY = 1.0  # a machine that was asleep must not run the bot for long when it wakes up
MEASURE_EVERY = 60.0


class Session:
    def __init__(self):
        hide()
        env = os.environ
        with open(env["BERTH_BOOTSTRAP_FILE"]) as file:
            bootstrap = file.read().strip()
        urls = [url.rstrip("/") for url in env["BERTH_URLS"].replace(",", " ").split()]
        self.berth = Berth(urls, bootstrap, env.get("BERTH_CA_FILE"))
        self.task, self.node = env["BERTH_TASK"], env.get("BERTH_NODE") or os.uname().nodename
        self.cache_root = CACHE_ROOT
        self.folder = os.getcwd()  # the image's own
        self.inherited = {name: value for name, value in env.items() if not name.startswith("BERTH_")}
        self.events = SimpleQueue()
        self.bot = self.state = self.cache = self.fence = self.renewer = None
        self.started_at = None
        self.stop = None  # (cause, when to kill)
        self.is_killed = False
        for signum in (signals.SIGTERM, signals.SIGINT):
            signals.signal(signum, lambda *_: self.events.put(("signal",)))

    def run(self):
        order = self.begin()
        self.order, self.oom_before = order, out_of_memory_kills()
        state, self.folder = order["state"], order.get("workingDir", self.folder)
        self.user = BotUser(order["user"]["uid"], order["user"]["gid"], order.get("pids"),
                            state.get("maxBytes"))
        self.fence.guard()
        self.renewer = Renewer(self.berth, self.fence, self.events, self.who)
        self.renewer.start()
        self.cache = Cache(self.cache_root, self.task, order["cacheBytes"], time.sleep)
        if "folder" in state:
            from state import State

            self.state = State(state, self.cache_root, self.berth, self.user)
        start_new_thread(self.prepare, ())
        self.loop()

    def begin(self):
        """Takes the order up; ends this process if it cannot be had."""
        until = now() + BEGIN_PATIENCE
        self.who = {"task": self.task, "node": self.node, "nonce": self.berth.nonce}
        while True:
            asked_at = now()
            try:
                order = self.berth.call("POST", "/supervisor/v1/begin", self.who, 10.0, self.berth.bootstrap)
                self.berth.token = order["token"]
                self.fence = Fence(order["lease"], asked_at - order["lease"]["ageMs"] / 1000)
                return order
            except Refused as error:
                if error.status in (401, 409, 410):
                    self.leave(FENCED, f"Berth has no work for this container: {error}")
                problem = error
            except Unreachable as error:
                problem = error
            if now() > until or not self.events.empty():
                self.leave(FAILED, f"no order could be had from Berth: {problem}")
            time.sleep(1.0)

    def prepare(self):
        try:
            preparation = Preparation(self.order, self.cache, self.berth, self.user, self.state)
            self.events.put(("prepared", preparation.run()))
        except PrepareError as error:
            self.events.put(("failed", str(error)))
        except Exception as error:  # told, so that the bot does not wait forever
            self.events.put(("failed", described(error)))

    def loop(self):
        measured_at = stored_at = now()
        while True:
            try:
                event, *values = self.events.get(timeout=self.patience())
                getattr(self, f"on_{event}")(*values)
            except Empty:
                pass
            self.look()
            self.cache.alive()
            if self.state and self.bot and now() - measured_at > MEASURE_EVERY:
                measured_at = now()
                self.measure_state()
            if self.state and self.bot and now() - stored_at > self.order["state"]["everyMs"] / 1000:
                stored_at = now()
                start_new_thread(self.store_state, ())

    def patience(self):
        """Seconds until there is something to look at."""
        due = min(self.stop[1] if self.stop else self.fence.stop_at(), self.fence.kill_at())
        return min(LOOK_EVERY, max(0.01, due - now()))

    def look(self):
        """Compares the time with what it allows."""
        at = now()
        if self.fence.is_over or at >= self.fence.kill_at():
            self.end_fenced()
        if not self.fence.is_guarded():
            say("the watchdog has ended; the bot ends, too")
            self.end_fenced()
        if self.stop is None and at >= self.fence.stop_at():
            reason = "Berth did not renew the lease in time: another copy may be started"
            say(f"{reason}; stopping the bot")
            self.begin_stop("fenced", reason, self.fence.kill_at())
        if self.stop and at >= min(self.stop[1], self.fence.kill_at()) and not self.is_killed:
            self.is_killed = True
            self.user.kill_all()

    def on_look(self):
        """Berth has said that the lease is over."""

    def on_signal(self):
        if self.stop:
            return
        if self.bot is None:
            self.end("stopped", 128 + signals.SIGTERM)
        # The time of the bot's own stop begins with its signal, which comes after the reason.
        self.stop = ("stopped", now() + REASON_PATIENCE + self.order["graceMs"] / 1000)
        start_new_thread(self.ask_reason, ())

    def ask_reason(self):
        try:
            answer = self.berth.call("POST", "/supervisor/v1/stopping", {}, REASON_PATIENCE)
            self.events.put(("reason", answer["reason"]))
        except (Refused, Unreachable):
            self.events.put(("reason", ""))

    def on_reason(self, reason):
        self.begin_stop("stopped", reason, now() + self.order["graceMs"] / 1000)

    def begin_stop(self, cause, reason, kill_at):
        self.stop = (cause, kill_at)
        if self.bot is None:
            return self.end(cause, FENCED if cause == "fenced" else 128 + signals.SIGTERM)
        try:
            with open(self.order["stopReasonFile"], "w") as file:
                file.write(reason)
        except OSError as error:
            say(f"the reason of the stop is not told: {error}")
        if self.bot.poll() is None:
            os.kill(self.bot.pid, signals.SIGTERM)

    def on_prepared(self, origin):
        if origin:
            self.renewer.report(state=origin)
            self.tell(origin)
        try:
            self.bot = self.user.start(self.order["command"], {**self.inherited, **self.order["env"]}, self.folder)
        except OSError as error:
            return self.on_failed(f"cannot start {self.order['command'][:1]}: {error}")
        self.started_at = now()
        self.renewer.report(started_at=self.started_at)
        start_new_thread(lambda: self.events.put(("exited", self.bot.wait())), ())

    def tell(self, origin):
        """Says how old a state is that another node wrote: what was written since is lost."""
        snapshot, last = self.order["state"].get("snapshot"), self.order["state"].get("last")
        if origin["from"] == "restored":
            minutes = max(0, round(snapshot["ageMs"] / 60000))
            age = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
            is_lost = last and "restore" not in self.order["state"]
            lost = f"; what was written on node {last['node']} since is not there" if is_lost else ""
            say(f"state restored from snapshot {snapshot['name']}, made {age} ago{lost}")
        elif origin["from"] == "empty" and last and "restore" not in self.order["state"]:
            say(f"there is no snapshot of the state, which is on node {last['node']}: the bot begins with an empty one")

    def on_failed(self, message):
        say(message)
        self.end("failed", FAILED, message)

    def on_exited(self, returned):
        self.user.kill_all()
        cause = self.stop[0] if self.stop else "exited"
        self.end(cause, FENCED if cause == "fenced" else exit_code(returned))

    def on_request(self, request):
        start_new_thread(self.answer, (request,))

    def answer(self, request):
        try:
            answer = self.do(request)
        except Exception as error:  # told, so that nobody waits for an answer
            answer = {"end": "failed", "output": described(error)}
        self.renewer.answer({"id": request["id"], **answer})

    def do(self, request):
        if request["kind"] == "snapshot":
            if self.state is None:
                raise StateError("the bot keeps no state")
            return {"end": "done", "output": self.state.snapshot("request", is_running=True)}
        if self.bot is None:
            return {"end": "failed", "output": "the bot does not run yet"}
        return run_command(self.user, request, {**self.inherited, **self.order["env"]}, self.folder)

    def measure_state(self):
        size, limit = self.state.size(), self.order["state"]["maxBytes"]
        if size > limit and not self.stop:
            message = f"its state has {size >> 20} MB, more than the {limit >> 20} MB that it may have"
            say(f"{message}; stopping the bot")
            self.begin_stop("stopped", message, now() + self.order["graceMs"] / 1000)

    def store_state(self):
        try:
            self.state.snapshot("interval", is_running=True)
        except Exception as error:  # whatever it is, the next one may succeed
            say(f"no snapshot of the state was stored: {described(error)}")

    def end_fenced(self):
        if self.bot is not None:
            self.user.kill_all()
        self.leave(FENCED, "the lease is over; the bot was ended")

    def end(self, cause, code, message=None):
        """Nothing of the bot lives any more."""
        facts = {"cause": cause, "exitCode": code, "isKilled": self.is_killed,
                 "isOutOfMemory": out_of_memory_kills() > self.oom_before}
        if message:
            facts["message"] = message[:4000]
        finish(self, facts)
        self.leave(code)

    def leave(self, code, text=None):
        if text:
            say(text)
        if self.cache:
            self.cache.release()
        sys.stdout.flush()
        os._exit(code)


def described(error):
    """Describes an error. One without a message for people is named by its kind."""
    return str(error) if isinstance(error, (StateError, Unreachable)) else f"{type(error).__name__}: {error}"
