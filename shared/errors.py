"""Failures, grouped by what the caller can do about them.

A business "no" (an unsupported request, a duplicate, a refused consent) is a normal result, never an exception.
"""


class ScopedeskError(Exception):
    """Anything Scopedesk itself raises; its text says what is wrong and what to do."""


class Transient(ScopedeskError):
    """May work later without anybody's help (a server away, a timeout): the bus tries again."""


class Permanent(ScopedeskError):
    """Will not work until a person changes something: the bus keeps a dead letter at once."""


class Misconfigured(ScopedeskError):
    """A setting, file or server is not as it must be: the process says so and stops."""
