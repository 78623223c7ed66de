"""The errors before and after a bot runs; their messages are written to its log. Every module here may import this one."""


class Refused(Exception):
    """Berth has answered and refused."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


class Unreachable(Exception):
    """No address has answered in time."""


class HttpError(OSError):
    """The response is not HTTP, or is incomplete."""


class BadArchive(Exception):
    """The archive is refused; the message names the entry."""


class FetchError(Exception):
    """No address has given the object."""


class StateError(Exception):
    """The state cannot be had, or stored."""


class PrepareError(Exception):
    """The bot cannot be started."""
