"""The steps after the end of a bot: it stores the state and the result, and reports the end."""

import time

from bot_process import facts_of
from clock import now
from errors import StateError, Unreachable
from light import to_json
from words import say

PATIENCE = 20.0  # seconds that Berth gets to take what there is


def finish(session, facts):
    """Tells Berth, as far as it can be reached. Never raises: the container ends all the same."""
    if facts["cause"] == "fenced" and not session.fence.is_renewed():
        return
    if session.bot is not None and session.state is not None:
        facts["isStateStored"] = attempt(lambda: session.state.snapshot("stop", is_running=False))
    if session.bot is not None:
        attempt(lambda: send_result(session))
    attempt(lambda: session.berth.call("POST", "/supervisor/v1/end", facts))


def attempt(work):
    """Returns whether it is done."""
    until = now() + PATIENCE
    while True:
        try:
            work()
            return True
        except Unreachable as error:
            if now() > until:
                say(f"Berth does not know of the end: {error}")
                return False
            time.sleep(1.0)
        except Exception as error:  # what is left to do does not depend on it
            say(str(error) or type(error).__name__)
            return False


def send_result(session):
    """The secrets go before it, so that Berth can hide them in it."""
    import subprocess

    result = session.order["result"]
    helper = session.user.helper("read", result["path"], str(result["maxBytes"]),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    content, told = helper.communicate()
    try:
        facts_of(helper, told)
    except StateError:
        return  # there is none, or none that can be used: Berth finds that out by itself
    values = list(session.order.get("secrets", {}).get("values", {}).values())
    body = to_json(values).encode() + b"\n" + content
    session.berth.open("PUT", "/supervisor/v1/result", body, limit=120.0).close()
