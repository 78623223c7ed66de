"""One run of a bot: from its configuration to its exit code and its result.json. It never prints the configuration."""

import functools
import io
import os
import signal
import sys
import threading

from _berth_errors import CODE, BotError, describe_error, format_error, log
from _berth_load import load_script, read_config
from _berth_logging import prepare_logging
from _berth_result import remove_stale_result, save_result
from _berth_stop import Output, Stop, Stopped, awaited, run_async, start_timer

SIGNAL_PATIENCE = 1.0  # seconds after which a signal is handled that came in the moment before a wait
THREAD_PATIENCE = 5.0  # seconds that threads get to end once main failed, or was stopped without an on_stop


def run_bot(stop):
    """Loads and runs the bot; returns what its main returned."""
    kind = "BACKTEST_ID" if os.environ.get("ENTRYPOINT_TYPE") == "backtest" else "BOT_ID"
    bot_id = os.environ.get("ID") or os.environ.get(kind)
    if not bot_id:
        raise BotError("The environment variable ID is not set")
    config, script = read_config(), os.environ.get("SCRIPT_PATH", "")
    os.chdir(CODE)
    prepare_logging()
    module = load_script(script)
    if stop.begun:
        raise Stopped  # libraries that are imported catch everything now and then
    main, on_stop = getattr(module, "main", None), getattr(module, "on_stop", None)
    if not callable(main):
        raise BotError(f"{script} has no function main(id, config)")
    if callable(on_stop):
        stop.hook, stop.has_hook = functools.partial(on_stop, bot_id, config), True
    value = main(bot_id, config)
    return run_async(stop.supervise(awaited(value))) if hasattr(value, "__await__") else value


def finish(stop, returned, failure):
    """Leaves the result and returns the exit code."""
    code, result = failure or (0, returned)
    if stop.begun and not code:
        code = 128 + stop.signum
        result = {"status": "terminated", "message": f"Stopped by {signal.Signals(stop.signum).name}"}
    elif result is None:
        result = {"status": "success", "message": "The bot ended without a return value"}
    try:
        save_result(result, failed=code != 0)
    except BotError as error:
        code, result = describe_error(error)
        save_result(result, failed=True)
    return code


def wait_for_threads():
    """As Python does at exit; here a signal still stops the bot. No wait is without an end: a signal that came in the
    moment before it would only be handled after it."""
    if not hasattr(threading, "_shutdown_locks"):  # Python 3.13
        threading._thread_shutdown = lambda: None  # what would wait without an end
        threading._shutdown()
        while left := waited_for():
            left[0].join(SIGNAL_PATIENCE)
        return
    locks = take_shutdown_locks()
    threading._shutdown()
    while locks:
        for lock in locks:
            while not lock.acquire(timeout=SIGNAL_PATIENCE):
                pass
            lock.release()
        locks = take_shutdown_locks()


def waited_for():
    """The threads that do not end with the main thread."""
    return [thread for thread in threading.enumerate() if not thread.daemon and thread is not threading.main_thread()]


def take_shutdown_locks():
    """Each is a thread's that does not end with the main thread, and locked until it has ended."""
    with threading._shutdown_locks_lock:
        locks = list(threading._shutdown_locks)
        threading._shutdown_locks.clear()
    return locks


def end_forked(error=None):
    """The end of a process that the bot forked: what it returns or raises is its own, the result is its parent's."""
    if isinstance(error, SystemExit):
        raise error
    if error is not None:
        log(format_error(error))
    sys.exit(0 if error is None else 1)


def main():
    stop, process = Stop(), os.getpid()
    stop.install()
    for name, fd in (("stdout", 1), ("stderr", 2)):
        stream = io.TextIOWrapper(Output(fd, stop), "utf-8", "backslashreplace", line_buffering=True)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)

    returned = failure = None

    def leave_threads():
        if left := waited_for():
            log(f"Warning: ending with threads still running: {', '.join(thread.name for thread in left)}")
            code = finish(stop, returned, failure)
            sys.stdout.flush()
            os._exit(code)

    def stop_after_main():
        if not (stop.has_hook or stop.seen):
            start_timer(THREAD_PATIENCE, leave_threads)
        stop.run_hook()

    try:
        try:
            remove_stale_result()
            returned = run_bot(stop)
        finally:
            stop.after_main = stop_after_main
    except BaseException as error:
        if os.getpid() != process:
            end_forked(error)
        if not (stop.begun and isinstance(error, SystemExit)):
            failure = describe_error(error)
    if os.getpid() != process:
        end_forked()
    if stop.begun:
        stop.run_hook()  # when it could not run before
    if failure and failure[0] or stop.begun and not (stop.has_hook or stop.seen):
        start_timer(THREAD_PATIENCE, leave_threads)
    wait_for_threads()
    stop.close()
    sys.exit(finish(stop, returned, failure))
