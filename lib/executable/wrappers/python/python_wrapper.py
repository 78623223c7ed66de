"""Runs a bot's `main(id, config)` in its container.

This file is only the program's start: the files named `_berth_*.py` beside it do the work. They need Python 3.11 and
nothing but its standard library, and they import what they need before the bot's folders are on `sys.path`, so that a
module of the bot's (a `uuid.py`, a `signal.py`) never stands in for one of theirs.

A process that `multiprocessing` spawns imports this file again, under another name: nothing happens then.
"""

if __name__ == "__main__":
    from _berth_run import main

    main()
