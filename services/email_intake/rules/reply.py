"""What is new in a reply. A view only: the whole text is always kept beside it.

Text is left out only after a confirmed separator: an attribution line of a mail client, a block of From/Sent/To/
Subject lines, an "Original Message" line, or our own marker. Forwarded mails are kept whole. When nothing would be
left, everything is shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.email_intake.rules.headers import Address, addresses
from services.email_intake.rules.html_text import ATTRIBUTION, QUOTE_BELOW

MAX_ATTRIBUTION_LINES = 4
"""Gmail wraps "On … wrote:" at 78 characters; long names and addresses make it four lines."""
MAX_ATTRIBUTION_LENGTH = 400
MAX_SIGNATURE_LINES = 15
MAX_CLOSING = 60
"""Characters of a line such as "Kind regards, Jan": a longer one says something."""
MAX_DEVICE_LINES = 2
MAX_FORWARD_LINES = 12


@dataclass(frozen=True, slots=True)
class Reply:
    """`new` is what the writer added, `signature` and `quoted` what was folded away, `full` the whole text.

    `is_forward`: somebody else's mail stands in it, or its subject says so.
    """

    new: str
    full: str
    quoted: str = ""
    signature: str = ""
    is_forward: bool = False


_DATE = r"(?:\d{1,4}[-./]\s?\d{1,2}[-./]\s?\d{1,4}|\d{1,2}\.?\s+\w{3,10}\.?,?\s+\d{4}|\w{3,10}\.?\s+\d{1,2},?\s+\d{4})"
_WROTE = r"\bwrote\b|\bschreef\b|\bschrieb\b|\bgeschreven\b|\bgeschrieben\b|\ba\s+écrit\b|\bescribió\b|\bha\s+scritto\b"
_STARTS_ATTRIBUTION = re.compile(
    r"^(?:On|Op|Am|Le|El|Il)\b.{0,8}\S|^[^>].{0,200}\b(?:wrote|schreef|schrieb)\s+(?:on|op|am)\b",
    re.IGNORECASE,
)
_DATED = re.compile(_DATE + r"|\b\d{1,2}[:.]\d{2}\b", re.IGNORECASE)
_WRITTEN = re.compile(r"(?:" + _WROTE + r")[^\n]{0,300}:\s*$", re.IGNORECASE)
_SURE = re.compile(r"\b\d{1,2}[:.]\d{2}\b|[^\s<>@]+@[^\s<>@]+", re.IGNORECASE)
"""A time of day or an address: people write "On 3 May he wrote:", mail clients are more exact."""
_NAMED = re.compile(r"^[^<>]{0,100}<[^\s<>@]+@[^\s<>@]+>\s+(?:wrote|schreef|schrieb)\s?:$", re.IGNORECASE)
_PERSONAL = re.compile(
    r"\b(?:schreef|schrieb)\s+(?:ik|wij|we|u|jullie|je|jij|ich|wir|sie)\b|\b(?:i|we|you|they|he|she)\s+wrote\b",
    re.IGNORECASE,
)
"""No mail client says "I"."""

_ORIGINAL = re.compile(
    r"^[\s*]*[-\u2010]{2,}\s*(?:original message|original appointment|oorspronkelijk(?:e)? (?:e-?mail)?bericht"
    r"|origineel bericht"
    r"|urspr(?:ü|ue)ngliche (?:nachricht|e-?mail)|original[- ]?nachricht"
    r"|message d'origine|message original|(?:on|op|am)\b.{5,200}\b(?:wrote|schreef|schrieb))\s*[-\u2010]{2,}",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    r"^[\s*]*(?:-{2,}\s*(?:forwarded message|doorgestuurd bericht|weitergeleitete nachricht|message transféré)"
    r"(?:\s+by .{1,80})?\s*-{2,}"
    r"|begin forwarded message:|begin doorgestuurd bericht:|anfang der weitergeleiteten nachricht:"
    r"|début du message (?:réexpédié|transféré)\s*:)",
    re.IGNORECASE,
)
_REPLY_SUBJECT = re.compile(r"^\s*(?:re|aw|antw|betr|sv|odp)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
_FORWARD_SUBJECT = re.compile(r"^\s*(?:fwd?|wg|doorst|tr|enc)\s*:", re.IGNORECASE)
_FROM_LINE = re.compile(r"^[\s*_]*(?:from|van|von|de|da)\s*:[\s*_]*\S", re.IGNORECASE)
_HEADER_LINES = tuple(
    re.compile(rf"^[\s*_]*(?:{names})\s*:", re.IGNORECASE)
    for names in (
        "sent|date|verzonden|datum|gesendet|envoyé|enviado|inviato",
        "to|aan|an|à|para",
        "subject|onderwerp|betreff|objet|asunto|oggetto",
    )
)
_ABOVE_HEADERS = re.compile(r"^\s*(?:_{5,}|-{5,}|\*{5,})\s*$")
_OWN_MARKER = re.compile(
    r"(?:reply|antwoord|antworten sie)\b.{0,20}\b(?:above|boven|oberhalb)\b.{0,12}"
    r"\b(?:this line|deze (?:regel|lijn)|dieser (?:zeile|linie))",
    re.IGNORECASE,
)

_DASHES = re.compile(r"^--\s?$")
_DEVICE = re.compile(
    r"^\s*(?:sent from (?:my|outlook|mail|yahoo|samsung|proton)\b|get outlook for|sent with proton"
    r"|verstuurd vanaf|verzonden (?:vanaf|met|vanuit)\b|outlook voor (?:ios|android)\b|download outlook"
    r"|von meinem .{1,40} gesendet|gesendet (?:von|mit|aus)\b|outlook für (?:ios|android)\b|envoyé (?:de|depuis) mon)"
    r"[^?]{0,80}$",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"^\s*(?:m\.?v\.?g\.?|met (?:vriendelijke|hartelijke) groet(?:en)?|(?:vriendelijke |hartelijke )?groet(?:en|jes)?"
    r"|(?:kind|best|warm|many)(?:est)? regards|regards|best wishes|cheers|sincerely"
    r"|yours (?:sincerely|faithfully|truly)"
    r"|mit freundlichen gr(?:ü|ue)(?:ß|ss)en|(?:freundliche|viele|beste|liebe) gr(?:ü|ue)(?:ß|ss)e|mfg)"
    r"[\s,.!]*(?:[\w.'-]+(?:[\s,]+|$)){0,4}$",
    re.IGNORECASE,
)
_NOT_A_SIGNATURE = re.compile(r"\?|^\s*p\.?\s?s\b", re.IGNORECASE)


def split_reply(text: str, *, subject: str = "", answers: bool = False) -> Reply:
    """Take `text` apart. `answers`: its headers say that it is a reply, as its subject may do too.

    Only in a reply are "> " lines quotes without an attribution; in another mail they may be a prompt.
    """
    lines = text.split("\n")
    full = _unmarked(lines)
    if _is_forward(lines, subject):
        return Reply(new=full, full=full, is_forward=True)
    says_so = bool(_FORWARD_SUBJECT.match(subject))
    kept, quoted = _without_quotes(lines, answers=answers or bool(_REPLY_SUBJECT.match(subject)))
    body, signature = _fold_signature(kept)
    for candidate in (body, kept):
        new = _unmarked(candidate)
        if new:
            folded = _unmarked(signature) if candidate is body else ""
            return Reply(new, full, _unmarked(quoted), folded, is_forward=says_so)
    return Reply(new=full, full=full, is_forward=says_so)


def _unmarked(lines: list[str]) -> str:
    text = "\n".join(line.replace(ATTRIBUTION, "").rstrip() for line in lines if QUOTE_BELOW not in line)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _is_forward(lines: list[str], subject: str) -> bool:
    """A forward block before anything that is quoted, or a subject that says so above a block of headers."""
    for place, line in enumerate(lines):
        if _FORWARD.match(line.replace(ATTRIBUTION, "")):
            return True
        if _attribution_end(lines, place):
            return False
        if _cuts_all(lines, place):
            return bool(_FORWARD_SUBJECT.match(subject))
    return False


def forwarded_sender(text: str, subject: str) -> Address | None:
    """Who wrote the mail that is forwarded here: the From of its block of headers; None when this is no forward."""
    lines = text.split("\n")
    if not _is_forward(lines, subject):
        return None
    for place, line in enumerate(lines):
        if _FORWARD.match(line.replace(ATTRIBUTION, "")) or _is_header_block(lines, place):
            block = [below.lstrip("> *_").replace("*", "") for below in lines[place : place + MAX_FORWARD_LINES]]
            named = next((below for below in block if _FROM_LINE.match(below)), "")
            return next(iter(addresses(re.sub(r"\[mailto:([^\]\s]+)\]", r"<\1>", named.partition(":")[2]))), None)
    return None


def _without_quotes(lines: list[str], *, answers: bool) -> tuple[list[str], list[str]]:
    kept: list[str] = []
    quoted: list[str] = []
    last_quote = max((n for n, line in enumerate(lines) if _is_quote(line)), default=-1)
    place = 0
    while place < len(lines):
        line = lines[place]
        if _cuts_all(lines, place):
            quoted += lines[place:]
            break
        end = _attribution_end(lines, place)
        if end:
            quoted += lines[place:end]
            if end > last_quote:
                quoted += lines[end:]  # a client that marks nothing: all below is the earlier mail
                break
            answers = True
            place = end
            continue
        (quoted if answers and _is_quote(line) else kept).append(line)
        place += 1
    return kept, quoted


def _is_quote(line: str) -> bool:
    return line.lstrip().startswith((">", "|>"))


def _cuts_all(lines: list[str], place: int) -> bool:
    """Whether the earlier mail begins on this line and goes on to the end."""
    line = lines[place]
    if _is_quote(line):
        return False
    if QUOTE_BELOW in line or _ORIGINAL.match(line) or _OWN_MARKER.search(line[:200]):
        return True
    if _ABOVE_HEADERS.match(line):
        below = next((n for n in range(place + 1, min(place + 3, len(lines))) if lines[n].strip()), None)
        return below is not None and _is_header_block(lines, below)
    return _is_header_block(lines, place)


def _is_header_block(lines: list[str], place: int) -> bool:
    """From and two of Sent, To, Subject, without an empty line between them."""
    if not _FROM_LINE.match(lines[place]):
        return False
    block: list[str] = []
    for line in lines[place + 1 : place + 12]:
        if not line.strip():
            break
        block.append(line)
    return sum(any(name.match(line) for line in block) for name in _HEADER_LINES) >= len(_HEADER_LINES) - 1


def _attribution_end(lines: list[str], place: int) -> int:
    """The line after an attribution that starts at `place`; 0 when none does. Never joined over an empty line."""
    first = lines[place]
    if first.startswith(ATTRIBUTION):
        end = place
        while end < len(lines) and lines[end].startswith(ATTRIBUTION):
            end += 1
        return end
    if _NAMED.match(first.strip(" *_\t")):
        return place + 1
    if _is_quote(first) or not _STARTS_ATTRIBUTION.match(first.lstrip(" *_")):
        return 0
    joined = ""
    for end in range(place, min(place + MAX_ATTRIBUTION_LINES, len(lines))):
        line = lines[end].strip(" *_\t")
        joined = f"{joined} {line}".strip()
        if not line or _is_quote(line) or len(joined) > MAX_ATTRIBUTION_LENGTH:
            break
        if _PERSONAL.search(joined):
            break
        if _WRITTEN.search(joined) and _DATED.search(joined) and _is_sure(joined, lines[end + 1 :]):
            return end + 1
    return 0


def _is_sure(attribution: str, below: list[str]) -> bool:
    following = next((line for line in below[:3] if line.strip()), "")
    return bool(_SURE.search(attribution)) or _is_quote(following)


def _fold_signature(lines: list[str]) -> tuple[list[str], list[str]]:
    """Cut the signature off the end: after "-- ", from a closing phrase, or the advertisement of a telephone."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    start = max(0, end - MAX_SIGNATURE_LINES)
    for place in range(start, end):
        line, rest = lines[place], lines[place:end]
        if any(_NOT_A_SIGNATURE.search(below) for below in rest[1:]):
            continue
        device_last = _DEVICE.match(line) and sum(bool(below.strip()) for below in rest) <= MAX_DEVICE_LINES
        if _DASHES.match(line) or device_last or (len(line) <= MAX_CLOSING and _CLOSING.match(line)):
            return lines[:place], rest
    return lines, []
