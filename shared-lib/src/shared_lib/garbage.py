"""How often Python looks for garbage in a process that serves."""

import gc

NEW_OBJECTS = 20_000
"""Looked through when there are so many more than before. By default it is 700, several times in a request."""


def spare_what_stays() -> None:
    """Never look again through what is there by now: the code, and what was built of it. Call it once all is loaded.

    Measured beside each other: lists of events cost 6 % less processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 20)
