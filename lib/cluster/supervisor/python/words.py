"""The messages that the supervisor writes into the bot's log."""

import os


def say(text):
    os.write(2, f"berth: {text}\n".encode(errors="replace"))
