"""Makes the bot's logging visible before it configures any: the root logger is at INFO and writes to stderr."""

import logging


def prepare_logging():
    """Adds no handler to the root logger, so that `logging.basicConfig` and `dictConfig` of the bot work as ever.

    Records that no handler takes go to the last resort, which shows them in the format of `basicConfig`.
    """
    logging.getLogger().setLevel(logging.INFO)
    logging.lastResort.setLevel(logging.INFO)
    logging.lastResort.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
