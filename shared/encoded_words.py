"""Encoded words (RFC 2047) that a stranger hid in plain text.

The standard library decodes them in any header value it is given. Python 3.11.7, for one, then writes the line breaks
inside them as they are, so that a subject such as `=?utf-8?q?x=0D=0ABcc:_a=40b?=` adds a recipient to our letter.
"""

from __future__ import annotations


def is_live(text: str) -> bool:
    """Whether a library could find an encoded word in this text."""
    return "=?" in text and "?=" in text


def defused(text: str) -> str:
    """The same text for people, without an encoded word for a library."""
    return text.replace("=?", "= ?") if is_live(text) else text
