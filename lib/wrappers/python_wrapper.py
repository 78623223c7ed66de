"""Runs a bot's `main(id, config)` in its container: loads the script, hands it the configuration, turns a stop
signal into `on_stop`, `finally` blocks and asyncio cancellation, and leaves `result.json` in the code folder.

Needs Python 3.11 and nothing but its standard library. It never prints the configuration.
"""

import contextlib
import functools
import importlib.machinery
import importlib.util
import io
import json
import os
import signal
import sys
import threading
import traceback

LOOP_PATIENCE = 2.0  # seconds an event loop gets to notice a stop before blocking code in it is interrupted
SIGNAL_PATIENCE = 1.0  # seconds after which a signal is heard that came in the moment before a wait
THREAD_PATIENCE = 5.0  # seconds that threads get to end once main failed, or was stopped without an on_stop
TEXT_LIMIT = 8_000  # characters of a message or a traceback kept in result.json
CODE = os.path.abspath(os.environ.get("CODE_MOUNT_DIR") or os.path.dirname(os.path.dirname(__file__)))
RESULT = os.path.join(CODE, "result.json")


class Stopped(SystemExit):
    """Unwinds main: `finally` blocks run, `except Exception` does not swallow it."""


class BotError(Exception):
    """Something is wrong with the bot's files or its result: told without a traceback."""


class Stop:
    """Turns the first SIGTERM or SIGINT into `on_stop` and the end of `main`. Later signals change nothing."""

    def __init__(self):
        self.signum = None  # the signal that asked for the stop
        self.begun = False
        self.hook, self.has_hook = None, False  # the bot's on_stop, until it is called
        self.writing = False  # the main thread is inside a write: the stop waits for its end
        self.after_main = None  # once main is over: called instead of interrupting it
        self.loop = self.task = self.hook_task = self.timer = None  # of an async main
        self.forced = False

    def install(self):
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._receive)
        os.register_at_fork(after_in_child=self._release)

    def _release(self):
        """A forked child is not the bot: `Process.terminate()` must end it without running on_stop there."""
        for signum, usual in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
            if signal.getsignal(signum) == self._receive:
                signal.signal(signum, usual)

    def _receive(self, signum, _frame):
        if self.forced and self.loop is not None and not self.writing:
            self.loop = None
            raise Stopped
        if self.signum is None:
            self.signum = signum
            self.proceed()

    def proceed(self):
        if self.signum is None or self.begun or self.writing:
            return
        self.begun = True
        if self.after_main is not None:
            self.after_main()
        elif self.loop is not None:
            self.loop.call_soon_threadsafe(self._stop_in_loop)
            self.timer = start_timer(LOOP_PATIENCE, self._force)
        else:
            self.run_hook()
            raise Stopped

    def close(self):
        """From here on a signal comes too late to change the outcome."""
        self.signum = self.signum or 0

    def run_hook(self):
        """Calls on_stop. An async one cannot run inside a loop of the bot's own: it then follows the unwinding."""
        if self.hook is None or needs_the_running_loop(self.hook):
            return
        hook, self.hook = self.hook, None
        with logged():
            value = hook()
            if hasattr(value, "__await__"):
                run_async(awaited(value))

    def _stop_in_loop(self):
        self.timer.cancel()
        if self.loop is not None:
            self.hook_task = self.loop.create_task(self._hook_then_cancel())

    async def _hook_then_cancel(self):
        hook, self.hook = self.hook, None
        with logged():
            value = hook and hook()
            if hasattr(value, "__await__"):
                await value
        self.task.cancel()

    def _force(self):
        """The loop is stuck in blocking code, like `time.sleep` in an async main: interrupt that instead."""
        self.forced = True
        signal.pthread_kill(threading.main_thread().ident, self.signum)

    async def supervise(self, main):
        """Awaits an async main so that a stop cancels it; returns when on_stop is through as well."""
        import asyncio

        self.task = asyncio.ensure_future(main)
        self.loop = asyncio.get_running_loop()
        await asyncio.wait({self.task})
        if self.hook_task is not None:
            await self.hook_task
        self.loop = None
        return None if self.begun and self.task.cancelled() else self.task.result()


class Output(io.FileIO):
    """A standard stream that a stop neither tears nor enters a second time: on_stop and `finally` can print."""

    def __init__(self, fd, stop):
        super().__init__(fd, "w", closefd=False)
        self.stop = stop

    def write(self, data):
        rest = memoryview(data).cast("B")
        size = len(rest)
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


def start_timer(seconds, function, *arguments):
    timer = threading.Timer(seconds, function, arguments)
    timer.daemon = True
    timer.start()
    return timer


def needs_the_running_loop(function):
    """Whether `function` is async while this thread is inside an event loop, where it cannot be run to its end."""
    if "asyncio" not in sys.modules or sys.modules["asyncio"]._get_running_loop() is None:
        return False
    return sys.modules["inspect"].iscoroutinefunction(function)


def run_async(coroutine):
    import asyncio

    with asyncio.Runner() as runner:
        return runner.run(coroutine)


async def awaited(value):
    return await value


def log(text):
    with contextlib.suppress(OSError, ValueError):
        print(text.rstrip("\n"), file=sys.stderr)


@contextlib.contextmanager
def logged():
    """What goes wrong in on_stop is told, and the stop goes on."""
    try:
        yield
    except SystemExit:
        pass
    except BaseException as error:
        log(format_error(error))


def format_error(error):
    """The traceback, from the first frame in the bot's own files on."""
    trace, wrapper = error.__traceback__, os.path.abspath(__file__)
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(CODE + os.sep) and name != wrapper:
            break
        trace = trace.tb_next
    return "".join(traceback.TracebackException(type(error), error, trace).format())


def read_config():
    path, text = os.environ.get("CONFIG_FILE", ""), os.environ.get("CONFIG")
    if path and (os.path.exists(path) or text is None):
        try:
            with open(path, encoding="utf-8-sig") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise BotError(f"Cannot read the configuration file {path}: {error}") from None
    if text is None:
        raise BotError("There is no configuration: neither CONFIG_FILE nor CONFIG is set")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BotError(f"The configuration ({path or 'CONFIG'}) is not valid JSON: {error}") from None


def load_script(script):
    """Imports the bot's script under its own name, so that pickle, dataclasses and multiprocessing find it."""
    path = os.path.join(CODE, script)
    if not script or not os.path.isfile(path):
        raise BotError(f"The script {script!r} is not in {CODE}: check `entrypoints` in bot-config.yaml")
    folders = [CODE, os.path.join(CODE, "vendor"), os.path.dirname(path)]
    here = os.path.dirname(os.path.abspath(__file__))
    others = [folder for folder in sys.path if folder != here]
    sys.path[:] = [*dict.fromkeys(folder for folder in folders if os.path.isdir(folder)), *others]
    sys.argv[:] = [path]

    name, folder = os.path.splitext(os.path.basename(path))[0], os.path.dirname(path)
    while folder != CODE and os.path.isfile(os.path.join(folder, "__init__.py")):  # relative imports work
        name, folder = f"{os.path.basename(folder)}.{name}", os.path.dirname(folder)
    if name in sys.modules:
        name = f"bot_{name}"
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, path, loader=loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def run_bot(stop):
    """Loads and runs the bot; returns what its main returned."""
    kind = "BACKTEST_ID" if os.environ.get("ENTRYPOINT_TYPE") == "backtest" else "BOT_ID"
    bot_id = os.environ.get("ID") or os.environ.get(kind)
    if not bot_id:
        raise BotError("The environment variable ID is not set")
    config, script = read_config(), os.environ.get("SCRIPT_PATH", "")
    os.chdir(CODE)
    module = load_script(script)
    main, on_stop = getattr(module, "main", None), getattr(module, "on_stop", None)
    if not callable(main):
        raise BotError(f"{script} has no function main(id, config)")
    if callable(on_stop):
        stop.hook, stop.has_hook = functools.partial(on_stop, bot_id, config), True
    value = main(bot_id, config)
    return run_async(stop.supervise(awaited(value))) if hasattr(value, "__await__") else value


def error_result(error, message, trace=""):
    result = {"status": "error", "message": message[:TEXT_LIMIT], "error_type": type(error).__name__}
    return {**result, "traceback": trace[-TEXT_LIMIT:]} if trace else result


def describe_error(error):
    """Logs what ended main; returns the exit code and the result."""
    if isinstance(error, SystemExit):
        code = error.code
        if code is None or code == 0:
            return 0, None
        if not isinstance(code, int):
            log(str(code))
        message = f"The bot called sys.exit({code!r})"
        return code & 255 if isinstance(code, int) else 1, error_result(error, message)
    if isinstance(error, BotError):
        log(f"Error: {error}")
        return 1, error_result(error, str(error))
    text = format_error(error)
    log(text)
    message = type(error).__name__
    with contextlib.suppress(Exception):  # a __str__ of the bot's own
        message = f"{message}: {error}".rstrip(": ")
    return 1, error_result(error, message, text)


def plain(value):
    """What JSON has no form for, as something it has."""
    import dataclasses
    import datetime
    import decimal
    import enum
    import pathlib
    import uuid
    from collections.abc import Collection, Mapping

    for types, convert in (
        ((datetime.date, datetime.time), lambda: value.isoformat()),  # a datetime is a date
        (datetime.timedelta, lambda: value.total_seconds()),
        (decimal.Decimal, lambda: float(value)),
        (enum.Enum, lambda: value.value),
        ((pathlib.PurePath, uuid.UUID), lambda: str(value)),
    ):
        if isinstance(value, types):
            return convert()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    for name in ("tolist", "item"):  # numpy arrays and scalars, pandas series
        if callable(getattr(value, name, None)):
            return getattr(value, name)()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Collection) and not isinstance(value, (bytes, bytearray, memoryview)):
        return list(value)
    raise TypeError(f"{type(value).__name__} {repr(value)[:100]} has no JSON form")


def to_json(value):
    """Valid JSON, always: NaN and the infinities become null."""
    odd = []
    try:
        text = json.dumps(value, default=plain)
        if "NaN" in text or "Infinity" in text:
            text = json.dumps(json.loads(text, parse_constant=odd.append))
    except (TypeError, ValueError, RecursionError) as error:
        raise BotError(f"main returned something that cannot be written as JSON: {error}") from None
    if odd:
        log("Warning: the result holds NaN or Infinity, which JSON does not have: written as null")
    return text


def save_result(result, replace):
    """Writes result.json in one step, over the bot's own only if `replace`. A failure is logged, not raised."""
    part = f"{RESULT}.{os.getpid()}.tmp"
    try:
        text = to_json(result)
        if replace or not os.path.lexists(RESULT):
            with open(part, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(part, RESULT)
    except OSError as error:
        log(f"Warning: cannot write {RESULT}: {error}")
        with contextlib.suppress(OSError):
            os.remove(part)


def remove_stale_result():
    """Removes the result of an earlier run, or one that came with the archive."""
    try:
        os.remove(RESULT)
    except FileNotFoundError:
        pass
    except OSError as error:
        log(f"Warning: cannot remove {RESULT}: {error}")


def finish(stop, returned, failure):
    """Leaves the result and returns the exit code."""
    code, result = failure or (0, returned)
    if stop.begun and not code:
        code = 128 + stop.signum
        result = {"status": "terminated", "message": f"Stopped by {signal.Signals(stop.signum).name}"}
    elif result is None:
        result = {"status": "success", "message": "The bot ended without a return value"}
    try:
        save_result(result, replace=bool(failure and failure[0]))
    except BotError as error:
        code, result = describe_error(error)
        save_result(result, replace=True)
    return code


def wait_for_threads():
    """As Python does at exit; here a signal still stops the bot. No wait is without an end: a signal that came in the
    moment before it would only be heard after it."""
    locks = take_shutdown_locks()
    threading._shutdown()
    while locks:
        for lock in locks:
            while not lock.acquire(timeout=SIGNAL_PATIENCE):
                pass
            lock.release()
        locks = take_shutdown_locks()


def take_shutdown_locks():
    """Each is a thread's that does not end with the main thread, and locked until it has ended."""
    with threading._shutdown_locks_lock:
        locks = list(threading._shutdown_locks)
        threading._shutdown_locks.clear()
    return locks


def main():
    stop = Stop()
    stop.install()
    for name, fd in (("stdout", 1), ("stderr", 2)):
        stream = io.TextIOWrapper(Output(fd, stop), "utf-8", "backslashreplace", line_buffering=True)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)

    returned = failure = None

    def leave_threads():
        left = [t.name for t in threading.enumerate() if not t.daemon and t is not threading.main_thread()]
        if left:
            log(f"Warning: ending with threads still running: {', '.join(left)}")
            code = finish(stop, returned, failure)
            sys.stdout.flush()
            os._exit(code)

    def stop_after_main():
        if not stop.has_hook:
            start_timer(THREAD_PATIENCE, leave_threads)
        stop.run_hook()

    try:
        try:
            remove_stale_result()
            returned = run_bot(stop)
        finally:
            stop.after_main = stop_after_main
    except BaseException as error:
        if not (stop.begun and isinstance(error, SystemExit)):
            failure = describe_error(error)
    if stop.begun:
        stop.run_hook()  # when it could not run before
    if failure and failure[0] or stop.begun and not stop.has_hook:
        start_timer(THREAD_PATIENCE, leave_threads)
    wait_for_threads()
    stop.close()
    sys.exit(finish(stop, returned, failure))


if __name__ == "__main__":
    main()
