"""HTML mail to plain text: what a reader sees, with quoted parts marked as in a text mail."""

from __future__ import annotations

import re
from collections import Counter

from selectolax.lexbor import LexborHTMLParser, LexborNode

from services.email_intake.rules.charset import clean_text

ATTRIBUTION = "\x1e"
"""Starts a line that a mail client marked as "… wrote:", in whatever language."""
QUOTE_BELOW = "\x1d"
"""A line of its own: a mail client marked all that follows as the earlier message."""
MAX_HTML = 1_000_000
"""Characters read of one HTML part, without pictures inside it; the raw mail keeps the rest."""
MAX_DEPTH = 500
"""Of nested elements. The parser's time grows with the square of it; no mail that people see comes near."""

_SKIP = frozenset({"script", "style", "head", "title", "template", "noscript", "object", "iframe", "svg", "select"})
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li",
    "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul",
))  # fmt: skip
_SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"})
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0(?![.\d]*[1-9])")
_MAX_QUOTES_SHOWN = 3
_PICTURE = re.compile(r"data:[\w/+.-]{1,60};base64,[A-Za-z0-9+/=\r\n]*")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*>?")
_NEVER_NESTED = frozenset((
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option", "p",
    "param", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "wbr",
))  # fmt: skip


class _Page:
    """Lines as they grow: white space collapses, blocks break lines, quotes get a "> " in front."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.attribution = 0
        self.verbatim = 0

    def write(self, text: str) -> None:
        if self.verbatim:
            first, *rest = text.split("\n")
            self.line.append(first)
            for part in rest:
                self.break_line(force=True)
                self.line.append(part)
        else:
            self.line.append(re.sub(r"[ \t\r\n\f]+", " ", text))

    def break_line(self, *, force: bool = False) -> None:
        text = "".join(self.line).replace("\xa0", " ")
        text = text.rstrip() if self.verbatim else re.sub(r" {2,}", " ", text).strip()
        self.line = []
        if text or force:
            mark = ATTRIBUTION if self.attribution and text else ""
            self.lines.append("> " * min(self.quotes, _MAX_QUOTES_SHOWN) + mark + text)

    def blank_line(self) -> None:
        self.break_line()
        if self.lines and self.lines[-1].strip("> "):
            self.lines.append(("> " * min(self.quotes, _MAX_QUOTES_SHOWN)).rstrip())


def html_to_text(html: str) -> str:
    """The visible text of an HTML part; hidden elements are left out, for they are a way to give orders to a machine.

    Walks with its own stack, so that depth is no trouble here; the parser is spared the depth that is for it.
    """
    page = _Page()
    root = LexborHTMLParser(_flatten(_PICTURE.sub("", html)[:MAX_HTML])).root
    stack: list[tuple[LexborNode, bool]] = [(root, False)] if root is not None else []
    while stack:
        node, leaving = stack.pop()
        if leaving:
            _leave(page, node)
        elif node.tag == "-text":
            page.write(clean_text(node.text_content or ""))
        elif node.is_element_node and node.tag not in _SKIP and not _is_hidden(node):
            _enter(page, node)
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(_children(node)))
    page.break_line()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(page.lines)).strip("\n")


def _flatten(html: str) -> str:
    """The same HTML without the tags that open deeper than MAX_DEPTH."""
    if html.count("<") <= MAX_DEPTH:
        return html
    opened: Counter[str] = Counter()
    depth = 0

    def keep(tag: re.Match[str]) -> str:
        nonlocal depth
        name = tag[2].lower()
        if name in _NEVER_NESTED:
            return tag[0]
        if tag[1]:
            if opened[name]:
                opened[name] -= 1
                depth -= 1
            return tag[0]
        if depth >= MAX_DEPTH:
            return ""
        opened[name] += 1
        depth += 1
        return tag[0]

    return _TAG.sub(keep, html)


def _children(node: LexborNode) -> list[LexborNode]:
    return list(node.iter(include_text=True))


def _enter(page: _Page, node: LexborNode) -> None:
    tag, quote = str(node.tag), _is_quote(node)
    if tag == "br":
        page.break_line(force=True)
    elif tag in {"td", "th"}:
        page.line.append(" ")
    elif tag in _SPACED:
        page.blank_line()
    elif tag in _BLOCKS:
        page.break_line()
    if _is_quote_below(node):
        page.break_line()
        page.lines.append(QUOTE_BELOW)
    if tag == "li":
        page.line.append("- ")
    page.quotes += quote
    page.attribution += _is_attribution(node)
    page.verbatim += tag == "pre"


def _leave(page: _Page, node: LexborNode) -> None:
    tag = str(node.tag)
    if tag in _BLOCKS:
        page.break_line()
    page.quotes -= _is_quote(node)
    page.attribution -= _is_attribution(node)
    page.verbatim -= tag == "pre"
    if tag in _SPACED:
        page.blank_line()


def _has(node: LexborNode, attribute: str, *words: str) -> bool:
    value = (node.attributes.get(attribute) or "").lower().split()
    return any(word in value for word in words)


def _is_hidden(node: LexborNode) -> bool:
    style = node.attributes.get("style") or ""
    return "hidden" in node.attributes or bool(_HIDDEN.search(style.lower()))


def _is_quote(node: LexborNode) -> bool:
    """Thunderbird, Apple and Roundcube cite; Gmail names a class. A plain blockquote is the writer's own."""
    return node.tag == "blockquote" and (
        _has(node, "type", "cite") or _has(node, "class", "gmail_quote", "yahoo_quoted") or "cite" in node.attributes
    )


def _is_attribution(node: LexborNode) -> bool:
    return _has(node, "class", "gmail_attr", "moz-cite-prefix")


def _is_quote_below(node: LexborNode) -> bool:
    """Outlook and Yahoo put the earlier message below such an element, without a quote around it."""
    return _has(node, "id", "divrplyfwdmsg", "appendonsend", "x_divrplyfwdmsg") or (
        node.tag != "blockquote" and _has(node, "class", "yahoo_quoted")
    )
