"""Turns a stop signal into `on_stop`, `finally` blocks and asyncio cancellation."""

import io
import os
import signal
import sys
import threading
from _contextvars import ContextVar

from _berth_errors import logged
from _berth_load import standard_library
from _berth_pieces import Pieces

LOOP_PATIENCE = 2.0  # seconds an event loop gets to notice a stop before blocking code in it is interrupted
REQUEST_PATIENCE = 5.0  # seconds a bot that looks at `berth.stop_requested` gets to look before it is interrupted

STOP_REASON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stop_reason")

current = None  # the process's Stop, for the SDK
in_hook = ContextVar("in_hook", default=False)  # whether on_stop runs, which says nothing of main


class Stopped(SystemExit):
    """Unwinds main: `finally` blocks run, `except Exception` does not swallow it."""


class Stop:
    """Turns the first SIGTERM or SIGINT into `on_stop` and the end of `main`. Later signals change nothing."""

    def __init__(self):
        self.signum = None  # the signal that asked for the stop
        self.begun = False
        self.hook, self.has_hook = None, False  # the bot's on_stop, until it is called
        self.writing = False  # the main thread is inside a write: the stop waits for its end
        self.after_main = None  # once main is over: called instead of interrupting it
        self.loop = self.task = self.hook_task = self.timer = self.wait = None  # of an async main
        self.forced = False
        self.request = None  # the SDK's `stop_requested`, once the bot has imported it
        self.looks = False  # the bot looks at it
        self.seen = False  # it has looked since the stop: it knows, and ends by itself
        self.overdue = False  # it has not looked in time

    def install(self):
        global current
        current = self
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._receive)
        os.register_at_fork(after_in_child=self._release)

    def _release(self):
        """A forked child is not the bot: `Process.terminate()` must end it without running on_stop there."""
        for signum, usual in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
            if signal.getsignal(signum) == self._receive:
                signal.signal(signum, usual)

    def follow(self, request):
        """Tells the SDK's `stop_requested` of the stop. A bot that looks at it is not interrupted while it does."""
        self.request = request
        if self.begun:
            request.set()

    def look(self, is_set):
        """Called by `stop_requested` whenever the bot looks at it, with what the bot gets to see."""
        if not in_hook.get():
            self.looks = True
            self.seen = self.seen or is_set

    def _receive(self, signum, _frame):
        if self.overdue:
            self._interrupt()
        elif self.forced and self.loop is not None and not self.writing:
            self.loop = None
            raise Stopped
        if self.signum is None:
            self.signum = signum
            self.proceed()

    def proceed(self):
        if self.overdue:
            self._interrupt()
        if self.signum is None or self.begun or self.writing:
            return
        self.begun = True
        if self.request is not None:
            self.request.set()
        if self.after_main is not None:
            self.after_main()
        elif self.loop is not None:
            self.loop.call_soon_threadsafe(self._stop_in_loop)
            self.timer = start_timer(LOOP_PATIENCE, self._force)
        else:
            self.run_hook()
            if not self.looks:
                raise Stopped
            start_timer(REQUEST_PATIENCE, self._expire)

    def _expire(self):
        """Interrupts a main that has looked at `stop_requested` before the stop, but not since."""
        if not self.seen:
            self.overdue = True
            signal.pthread_kill(threading.main_thread().ident, self.signum)

    def _interrupt(self):
        if self.writing:
            return  # its end proceeds
        self.overdue = False
        if self.after_main is None and not self.seen:
            raise Stopped

    def close(self):
        """From here on a signal comes too late to change the outcome."""
        self.signum = self.signum or 0

    def run_hook(self):
        """Calls on_stop. An async one cannot run inside a loop of the bot's own: it then follows the unwinding."""
        if self.hook is None or needs_the_running_loop(self.hook):
            return
        hook, self.hook = self.hook, None
        token = in_hook.set(True)
        with logged():
            value = call_hook(hook)
            if hasattr(value, "__await__"):
                run_async(awaited(value))
        in_hook.reset(token)

    def _stop_in_loop(self):
        self.timer.cancel()
        if self.loop is not None:
            self.hook_task = self.loop.create_task(self._hook_then_cancel())

    async def _hook_then_cancel(self):
        in_hook.set(True)  # in this task
        hook, self.hook = self.hook, None
        with logged():
            value = hook and call_hook(hook)
            if hasattr(value, "__await__"):
                await value
        if self.looks:
            await self.wait({self.task}, timeout=REQUEST_PATIENCE)
        if not self.seen:
            self.task.cancel()

    def _force(self):
        """The loop is stuck in blocking code, like `time.sleep` in an async main: interrupt that instead."""
        if self.seen:
            return
        self.forced = True
        signal.pthread_kill(threading.main_thread().ident, self.signum)

    async def supervise(self, main):
        """Awaits an async main so that a stop cancels it; returns when on_stop is through as well."""
        with standard_library():
            import asyncio

        self.wait = asyncio.wait
        self.task = asyncio.ensure_future(main)
        self.loop = asyncio.get_running_loop()
        await self.wait({self.task})
        if self.hook_task is not None:
            await self.hook_task
        self.loop = None
        return None if self.begun and self.task.cancelled() else self.task.result()


class Output(io.FileIO):
    """A standard stream that a stop neither tears nor enters a second time: on_stop and `finally` can print."""

    def __init__(self, fd, stop):
        super().__init__(fd, "w", closefd=False)
        self.stop = stop
        self.pieces = Pieces()

    def write(self, data):
        data = bytes(data)
        size = len(data)
        rest = memoryview(self.pieces.pad(data))
        guarded = threading.get_ident() == threading.main_thread().ident and not self.stop.writing
        try:
            self.stop.writing = self.stop.writing or guarded
            while rest:
                rest = rest[os.write(self.fileno(), rest):]
        finally:
            if guarded:
                self.stop.writing = False
        if guarded:
            self.stop.proceed()
        return size


def call_hook(hook):
    """Calls on_stop(id, config). One that has a parameter `reason`, or a third one that it must get, gets the reason."""
    function = hook.func
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    bound = hasattr(function, "__self__")
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        return hook()
    if "reason" in code.co_varnames[bound + 2:code.co_argcount + code.co_kwonlyargcount]:
        return hook(reason=stop_reason())
    needed = code.co_argcount - len(function.__defaults__ or ()) - bound
    return hook(stop_reason()) if needed == 3 else hook()


def stop_reason():
    """Why Berth stops the bot, in its words; empty if Berth does not stop it."""
    try:
        with open(STOP_REASON, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def start_timer(seconds, function, *arguments):
    timer = threading.Timer(seconds, function, arguments)
    timer.daemon = True
    timer.start()
    return timer


def needs_the_running_loop(function):
    """Whether `function` is async while this thread is inside an event loop, where it cannot be run to its end."""
    if "asyncio" not in sys.modules or sys.modules["asyncio"]._get_running_loop() is None:
        return False
    return sys.modules["asyncio"].iscoroutinefunction(function)


def run_async(coroutine):
    with standard_library():
        import asyncio

    with asyncio.Runner() as runner:
        return runner.run(coroutine)


async def awaited(value):
    return await value
