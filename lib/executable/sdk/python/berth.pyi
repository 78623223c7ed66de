from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

_Default = TypeVar("_Default")

class SecretError(LookupError):
    """A secret is not there, is empty or cannot be read; the message says where it was looked for."""

class _StopRequest:
    def __bool__(self) -> bool: ...
    def __call__(self) -> bool: ...
    def is_set(self) -> bool: ...
    def wait(self, seconds: float | None = None, /) -> bool:
        """Waits for the stop, at most so many seconds. Returns whether it has come."""

id: str
"""The bot's id; `local` outside Berth."""

config: Any
"""The configuration; outside Berth the content of `config.json` in the working directory."""

state_dir: Path
"""The folder for the bot's state, which exists; outside Berth `state` in the working directory."""

stop_requested: _StopRequest
"""True once the bot is asked to stop. A program that looks at it ends by itself."""

def metric(name: str, fields: Mapping[str, Any] | float | None = None, /, **more: Any) -> None:
    """Prints a metric: a name with fields, or with a number as its field `value`."""

def heartbeat() -> None:
    """Says that the bot makes progress. It prints at most one line a second."""

def ready() -> None:
    """Says that the bot has begun its work."""

def status(text: object, /) -> None:
    """Says in a line what the bot does. An empty text takes back what it said."""

def log(level: Literal["debug", "info", "warn", "warning", "error"], message: object, /, **fields: Any) -> None:
    """Prints a message with its level and fields."""

def result(value: Any = None, /, **fields: Any) -> None:
    """Writes the result of the run, which takes the place of what `main` returns."""

@overload
def secret(name: str, /) -> str: ...
@overload
def secret(name: str, default: _Default, /) -> str | _Default:
    """Returns a secret: the content of /run/secrets/NAME, of the file that NAME_FILE names, or the variable NAME."""
