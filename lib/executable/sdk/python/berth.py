"""The Berth SDK for bots: they report to Berth and ask it for things.

Berth puts this module on the import path of every bot and of the Python processes that a bot starts. A module or package
of the bot's own named `berth` takes its place. Outside Berth the same functions print a readable form, so copy this file
beside a program that you run by hand, or put its folder on PYTHONPATH.

    import berth

    def main(id, config):
        key = berth.secret("API_KEY")
        while not berth.stop_requested:
            berth.metric("price", symbol="BTC-USD", value=ask(key))
            berth.heartbeat()
            berth.stop_requested.wait(5)

It needs Python 3.11 and nothing but the standard library.
"""

try:
    # The modules that the wrapper loaded: a bot may have a `json.py` of its own.
    from _berth_load import standard_library as _standard_library
except ImportError:
    from contextlib import nullcontext as _standard_library

with _standard_library():
    import json as _json
    import os as _os
    import sys as _sys
    import time as _time
    import _signal
    from _thread import allocate_lock as _allocate_lock, get_ident as _get_ident

__all__ = ["SecretError", "config", "heartbeat", "id", "log", "metric", "ready", "result", "secret",
           "state_dir", "status", "stop_requested"]

_SECRETS = "/run/secrets"
_HEARTBEAT_SECONDS = 1.0  # fewer lines than this apart say nothing more
_WAIT_SECONDS = 1.0  # longest wait of the main thread at once: a signal in the moment before one is handled after it
_LEVELS = {"warning": "warn", "critical": "error", "fatal": "error"}
_MISSING = object()
_in_berth = "CODE_MOUNT_DIR" in _os.environ
_known = {}  # values of `config` and `state_dir`, once they are asked for
_beat = None  # when the last heartbeat was printed
_status = None  # the status that was printed last


class SecretError(LookupError):
    """A secret is not there, is empty or cannot be read; the message says where it was looked for."""


def metric(name, fields=None, /, **more):
    """Prints a metric: a name with fields, or with a number as its field `value`.

    `metric("equity", 1234.5)`, `metric("fill", {"side": "buy"}, price=97123.5)`. Raises TypeError for a field that has
    no form in JSON.
    """
    if not isinstance(name, str) or not name:
        raise TypeError(f"the name of a metric must be a string that is not empty, not {name!r:.60}")
    values = fields if hasattr(fields, "keys") else {} if fields is None else {"value": fields}
    _print({"_metric": name}, {**values, **more}, lambda rest: f"{name} {_readable(rest)}".rstrip())


def heartbeat():
    """Says that the bot makes progress. Call it as often as you like: it prints at most one line a second."""
    global _beat
    now = _time.monotonic()
    if _beat is None or now - _beat >= _HEARTBEAT_SECONDS:
        _beat = now
        _print({"_heartbeat": True}, {}, lambda rest: "heartbeat")


def ready():
    """Says that the bot has begun its work: Berth then shows it as ready, and its watchdog judges it from now on."""
    _print({"_heartbeat": "READY=1"}, {}, lambda rest: "ready")


def status(text, /):
    """Says in a line what the bot does, for people who look at it. An empty text takes back what it said."""
    global _status
    line = " ".join(str(text).split())
    if line != _status:
        _status = line
        _print({"_heartbeat": f"STATUS={line}"}, {}, lambda rest: f"status: {line}")


def log(level, message, /, **fields):
    """Prints a message with its level (debug, info, warn or error) and fields. A value without a form in JSON is
    written as its repr()."""
    level = str(level).lower()
    level = _LEVELS.get(level, level)
    fields = {key: value if _can_write(value) else _repr(value) for key, value in fields.items()}
    head = {"level": level, "message": str(message)}
    _print(head, fields, lambda rest: f"{level.upper():5} {message} {_readable(rest)}".rstrip())


def result(value=None, /, **fields):
    """Writes the result of the run, now: `result({"profit": 3})` or `result(profit=3)`. The last call counts, and takes
    the place of what `main` returns. Raises TypeError for a value that has no form in JSON."""
    if fields and value is not None:
        raise TypeError("result() takes a value or fields, not both")
    text = _to_json(fields or value)
    if not _in_berth:
        return _write(_json.dumps(_json.loads(text), indent=2))
    path = _os.path.join(_os.environ["CODE_MOUNT_DIR"], "result.json")
    part = f"{path}.{_os.getpid()}.{_get_ident()}.tmp"
    with open(part, "w", encoding="utf-8") as file:
        file.write(text)
    _os.replace(part, path)


def secret(name, default=_MISSING, /):
    """Returns a secret: the content of /run/secrets/NAME, of the file that NAME_FILE names, or the variable NAME.

    A line feed at the end of a file does not belong to the secret. Raises SecretError if it is nowhere and there is no
    default.
    """
    if not isinstance(name, str) or name[:1] in ("", "-", ".") or not all(c.isalnum() or c in "_-." for c in name):
        raise SecretError(f"{name!r:.60} cannot be the name of a secret: use letters, digits, '_', '-' and '.'")
    path = f"{_SECRETS}/{name}"
    if not _os.path.lexists(path):
        path = _os.environ.get(f"{name}_FILE")
    if path:
        return _read_secret(name, path)
    value = _os.environ.get(name)
    if value:
        return value
    if default is not _MISSING:
        return default
    empty = f"{name} is empty" if value == "" else f"neither {name}_FILE nor {name} is set"
    raise SecretError(f"There is no secret {name!r}: {_SECRETS}/{name} does not exist, and {empty}. "
                      "Name it under `secrets` in bot-config.yaml")


def _read_secret(name, path):
    try:
        with open(path, encoding="utf-8", newline="") as file:
            value = file.read()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SecretError(f"Cannot read the secret {name!r} from {path}: {why}") from None
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise SecretError(f"The secret {name!r} is empty: see {path}")
    return value


class _StopRequest:
    """True once the bot is asked to stop. A program that looks at it ends by itself: it is not interrupted, unless it
    does not look again within 5 seconds. `wait(seconds)` returns early when the stop comes."""

    def __init__(self):
        self._is_set = False
        self._handles = False  # signals, where no wrapper does
        self._lock = _allocate_lock()  # held until the stop
        self._lock.acquire()
        self._wrapper = getattr(_sys.modules.get("_berth_stop"), "current", None)
        if self._wrapper is not None:
            self._wrapper.follow(self)

    def __bool__(self):
        is_set = self._is_set
        if self._wrapper is not None:
            self._wrapper.look(is_set)
        elif not self._handles:
            self._handle_signals()
        return is_set

    is_set = __call__ = __bool__

    def wait(self, seconds=None, /):
        """Waits for the stop, at most so many seconds. Returns whether it has come."""
        bool(self)
        end = None if seconds is None else _time.monotonic() + seconds
        while not self._is_set:
            left = _WAIT_SECONDS if end is None else min(end - _time.monotonic(), _WAIT_SECONDS)
            if left <= 0:
                break
            if self._lock.acquire(timeout=left):
                self._lock.release()  # for other threads
        return bool(self)

    def set(self):
        """Called by the wrapper, in a signal handler."""
        if not self._is_set:
            self._is_set = True
            self._lock.release()

    def _handle_signals(self):
        self._handles = True
        for signum, usual in ((_signal.SIGTERM, _signal.SIG_DFL), (_signal.SIGINT, _signal.default_int_handler)):
            if _signal.getsignal(signum) == usual:
                try:
                    _signal.signal(signum, self._receive)
                except ValueError:  # only the main thread may
                    self._handles = False
                    return

    def _receive(self, signum, _frame):
        """The first signal asks; a second one ends the program as if nobody handled it."""
        _signal.signal(signum, _signal.default_int_handler if signum == _signal.SIGINT else _signal.SIG_DFL)
        self.set()

    def __repr__(self):
        return f"<stop_requested: {self._is_set}>"


stop_requested = _StopRequest()


def __getattr__(name):
    """`id`, `config` and `state_dir` are read when they are asked for."""
    if name == "id":
        return _os.environ.get("ID") or "local"
    if name not in ("config", "state_dir"):
        raise AttributeError(f"module 'berth' has no attribute {name!r}")
    if name not in _known:
        _known[name] = _read_config() if name == "config" else _make_state_dir()
    return _known[name]


def __dir__():
    return __all__


def _read_config():
    path, text = _os.environ.get("CONFIG_FILE"), _os.environ.get("CONFIG")
    if path is None and text is None:
        path = "config.json"
        if not _os.path.exists(path):
            return {}
    if path is not None and (text is None or _os.path.exists(path)):
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    try:
        return _json.loads(text)
    except ValueError as error:
        raise ValueError(f"The configuration ({path or 'CONFIG'}) is not valid JSON: {error}") from None


def _make_state_dir():
    from pathlib import Path

    folder = Path(_os.environ.get("STATE_DIR") or "state").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _print(head, fields, readable):
    if _in_berth:
        _write(_to_json({**head, **fields, **head}))
    else:
        _write(readable(_json.loads(_to_json(fields))))


def _write(line):
    """One write a line, so that lines of several threads do not mix; at once, even into a pipe."""
    try:
        _sys.stdout.write(f"{line}\n")
    except UnicodeEncodeError:
        _sys.stdout.write(f"{_json.dumps(_json.loads(line)) if _in_berth else ascii(line)}\n")
    _sys.stdout.flush()


def _readable(fields):
    return " ".join(f"{key}={value if isinstance(value, str) else _json.dumps(value)}" for key, value in fields.items())


def _to_json(value):
    try:
        return _json.dumps(value, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        pass
    try:  # as the wrapper writes what main returns
        from _berth_json import Writer
    except ImportError:
        return _json.dumps(_plain(value), allow_nan=False, ensure_ascii=False)
    return Writer().write(value)


def _plain(value):
    """The value with a form in JSON: NaN becomes null, a Decimal a number, a date ISO 8601."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None
    if hasattr(value, "items"):
        return {key if isinstance(key, str) else str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if type(value).__name__ == "Decimal":
        return _plain(float(value))
    for name in ("tolist", "item"):
        if callable(getattr(value, name, None)):
            return _plain(getattr(value, name)())
    raise TypeError(f"{type(value).__name__} {repr(value)[:100]} has no JSON form")


def _can_write(value):
    try:
        _to_json(value)
        return True
    except (TypeError, ValueError, RecursionError):
        return False


def _repr(value):
    try:
        return repr(value)
    except Exception:  # a __repr__ of the bot's own
        return f"<{type(value).__name__}>"
