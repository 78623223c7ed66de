"""The parts of the standard library that every supervisor needs, from the modules in C below it.

The everyday modules load dozens of others: they would cost each container 17 ms at its start, and 2.5 MB for as long as it
runs. A Python without these modules takes the everyday ones.
"""

try:
    import _signal as signals
    import _socket as sockets
    from _json import encode_basestring_ascii, make_scanner
    from _queue import Empty, SimpleQueue
except ImportError:
    import signal as signals
    import socket as sockets
    from json import loads
    from json.encoder import py_encode_basestring_ascii as encode_basestring_ascii
    from queue import Empty, SimpleQueue

    make_scanner = None

SPACE = " \t\r\n"


class Wakeup:
    """Lets one thread wait for others."""

    def __init__(self):
        self.calls = SimpleQueue()

    def wake(self):
        self.calls.put(None)

    def wait(self, seconds):
        """Until it is woken, or the time is over."""
        try:
            self.calls.get(timeout=seconds)
            while True:
                self.calls.get_nowait()
        except Empty:
            pass


class Strict:
    """How JSON is read."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int, parse_constant = float, int, float


def from_json(text):
    """Raises ValueError if it is no JSON."""
    if isinstance(text, bytes):
        text = text.decode()
    if make_scanner is None:
        return loads(text)
    start = len(text) - len(text.lstrip(SPACE))
    try:
        value, end = make_scanner(Strict)(text, start)
    except StopIteration:
        raise ValueError("there is no JSON value") from None
    if text[end:].strip(SPACE):
        raise ValueError("something follows the JSON value")
    return value


def to_json(value):
    """For None, booleans, numbers, strings, lists, and dictionaries of strings."""
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{to_json(name)}: {to_json(each)}" for name, each in value.items()) + "}"
    return "[" + ", ".join(map(to_json, value)) + "]"
