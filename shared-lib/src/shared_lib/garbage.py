"""How often Python looks for garbage in a process that serves."""

import gc

NEW_OBJECTS = 20_000
"""Looked through when there are so many more than before. By default it is 700, several times in a request."""


def spare_what_stays() -> None:
    """Never look again through what is there by now: the code, and what was built of it. Call it once all is loaded.

    Measured beside each other: lists of events cost 6 % less processor time.
    """
    gc.freeze()  # what little garbage loading has left stays as well: to find it takes 60 ms of every start
    gc.set_threshold(NEW_OBJECTS, 20, 20)
