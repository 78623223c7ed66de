"""result.json in the code folder: removed at the start, left at the end."""

import contextlib
import json
import os

from _berth_errors import CODE, log
from _berth_json import to_json

RESULT = os.path.join(CODE, "result.json")


def remove_stale_result():
    """Removes the result of an earlier run, or one that came with the archive."""
    try:
        os.remove(RESULT)
    except FileNotFoundError:
        pass
    except OSError as error:
        log(f"Warning: cannot remove {RESULT}: {error}")


def save_result(result, failed=False):
    """Writes result.json in one step, unless the bot wrote one itself: that one stays.

    A bot that failed may have been stopped in the middle of it: then it stays only if it is valid JSON. A failure of
    the write is logged, not raised.
    """
    part = f"{RESULT}.{os.getpid()}.tmp"
    try:
        text, lost = to_json(result)
        if os.path.lexists(RESULT) and not (failed and not is_own_json()):
            return
        if lost:
            log("Warning: the result holds NaN or Infinity, which JSON does not have: written as null")
        with open(part, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(part, RESULT)
    except OSError as error:
        log(f"Warning: cannot write {RESULT}: {error}")
        with contextlib.suppress(OSError):
            os.remove(part)


def is_own_json():
    """Whether the bot's own result.json is a file that can be used."""
    if os.path.islink(RESULT) or not os.path.isfile(RESULT):
        return False
    try:
        with open(RESULT, "rb") as file:
            json.loads(file.read().decode(), parse_constant=refuse)
        return True
    except (OSError, ValueError, RecursionError, MemoryError):
        return False


def refuse(name):
    raise ValueError(f"{name} is not JSON")
