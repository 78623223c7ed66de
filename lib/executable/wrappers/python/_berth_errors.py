"""Errors of a bot, in words: for its log and for its result."""

import contextlib
import os
import sys
import traceback

TEXT_LIMIT = 8_000  # characters of a message or a traceback kept in result.json
CODE = os.path.abspath(os.environ.get("CODE_MOUNT_DIR") or os.getcwd())
HERE = os.path.dirname(os.path.abspath(__file__))


class BotError(Exception):
    """Something is wrong with the bot's files or its result: reported without a traceback."""


def log(text):
    with contextlib.suppress(OSError, ValueError):
        print(text.rstrip("\n"), file=sys.stderr)


@contextlib.contextmanager
def logged():
    """Logs an error of on_stop; the stop goes on."""
    try:
        yield
    except SystemExit:
        pass
    except BaseException as error:
        log(format_error(error))


def format_error(error):
    """The traceback, from the first frame in the bot's own files on."""
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(CODE + os.sep) and not name.startswith(HERE + os.sep):
            break
        trace = trace.tb_next
    try:
        return "".join(traceback.TracebackException(type(error), error, trace).format())
    except Exception:  # it imports what it needs only now: perhaps a module of the bot's with the same name
        return f"{type(error).__name__}: {error}\n"


def error_result(error, message, trace=""):
    result = {"status": "error", "message": message[:TEXT_LIMIT], "error_type": type(error).__name__}
    return {**result, "traceback": trace[-TEXT_LIMIT:]} if trace else result


def describe_error(error):
    """Logs the error that ended main; returns the exit code and the result."""
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
