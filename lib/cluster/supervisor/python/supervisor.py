"""Runs a bot in a container of a cluster: fetches its work from Berth, and ends it when its lease cannot be renewed.

It runs as root beside the bot, which runs as a user of its own. Its only token is in this process: nothing that the bot
may read or inherit has it. With an argument it is a helper that runs as the bot's user.

It needs Python 3.8 and nothing but the standard library.
"""

import sys

if len(sys.argv) > 1:
    from helper import help_with

    sys.exit(help_with(sys.argv[1:]))

from session import Session

Session().run()
