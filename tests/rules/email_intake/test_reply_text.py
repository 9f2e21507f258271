"""What is new in a reply, as mail clients of three languages write them."""

import pytest

from services.email_intake.rules.html_text import html_to_text
from services.email_intake.rules.reply import split_reply

HYPHEN = "\u2010"
NEW = "Ja, dat is goed.\nGa maar verder."

SEPARATORS = {
    "gmail nl": "Op ma 23 nov 2026 om 10:12 schreef Hypernode Support <support@h.example>:\n\n> Beste Jan,\n>\n> oud",
    "gmail nl wrapped": "Op ma 23 nov 2026 om 10:12 schreef Hypernode Support <\nsupport@hypernode.example>:\n\n> oud",
    "gmail en": "On Mon, Nov 23, 2026 at 10:12 AM S <s@h.example> wrote:\n\n> old\n> > older",
    "gmail en wrapped": "On Mon, Nov 23, 2026 at 10:12 AM Hypernode Support\n<support@h.example>\nwrote:\n\n> old",
    "gmail de": "Am Mo., 23. Nov. 2026 um 10:12 Uhr schrieb S <s@h.example>:\n\n> alt",
    "apple nl": "Op 23 nov 2026, om 10:12 heeft S <s@h.example> het volgende geschreven:\n\n> oud",
    "apple en": "On 23 Nov 2026, at 10:12, S <s@h.example> wrote:\n\n> old",
    "apple de": "Am 23.11.2026 um 10:12 schrieb S <s@h.example>:\n\n> alt",
    "iphone nl without marks": "Op 23 nov 2026 om 10:12 heeft S <a@b.example> het volgende geschreven:\n\noud",
    "thunderbird nl": "Op 23-11-2026 om 10:12 schreef Support:\n> oud",
    "thunderbird en": "On 23/11/2026 10:12, Support wrote:\n> old",
    "thunderbird de": "Am 23.11.26 um 10:12 schrieb Support:\n> alt",
    "roundcube nl": "Support schreef op 2026-11-23 10:12:\n> oud",
    "roundcube en": "On 2026-11-23 10:12, Support wrote:\n> old",
    "gmx de": "Support <a@b.example> schrieb am Mo., 23. Nov. 2026, 10:12:\n\n> alt",
    "outlook nl": "Van: S <a@b.example>\nVerzonden: maandag 23 november 2026\nAan: Jan\nOnderwerp: RE: hulp\n\nBeste",
    "outlook en": "From: S <a@b.example>\nSent: Monday, 23 November 2026\nTo: Jan\nSubject: RE: help\n\nDear",
    "outlook de": "Von: S <a@b.example>\nGesendet: Montag, 23. November 2026\nAn: Jan\nBetreff: AW: Hilfe\n\nLieber",
    "outlook with a rule": "________________________________\nFrom: S\nSent: Monday\nSubject: RE: x\n\nDear",
    "outlook bold": "*From:* S <a@b.example>\n*Sent:* Monday\n*To:* Jan\n*Subject:* RE: x\n\nDear Jan",
    "original en": "-----Original Message-----\nFrom: Support\nhello",
    "original nl": "-------- Oorspronkelijk bericht --------\nVan: Support\nDatum: 23-11-2026",
    "original de": "-----Ursprüngliche Nachricht-----\nVon: Support\nalt",
    "original by proton": f"{7 * HYPHEN} Original Message {7 * HYPHEN}\nOn Monday S wrote",
    "zoho": "---- On Mon, 23 Nov 2026 10:12:50 +0100 s@h.example wrote ----\n\nold",
    "yahoo de": "Am Montag, 23. November 2026 um 10:12:13 MEZ hat S <s@h.example> Folgendes geschrieben:\n> alt",
    "gmail de wrapped in its date": "S <s@h.example> schrieb am So., 23.\nJuni 2024, 21:08:\n\n> alt",
    "a name and an address": "S <s@h.example> schreef:\n\noud",
    "our own marker": "## Antwoord boven deze regel ##\nBeste Jan",
}


@pytest.mark.parametrize("old", SEPARATORS.values(), ids=SEPARATORS)
def test_what_stands_above_a_separator_is_new(old):
    reply = split_reply(f"{NEW}\n\n{old}\n", answers=True)
    assert reply.new == NEW
    assert reply.full.startswith(NEW)
    assert old.splitlines()[-1] in reply.full


@pytest.mark.parametrize(
    "text",
    [
        "Op de server staat:\n\nop 3 mei 2026 om 10:00 schreef Jan iets:",
        "Op 12 november schreef u het volgende:\nwij lossen dat op. Dat is niet gebeurd.",
        "On the server I wrote: nothing works",
        "Op 3 mei om 10:15 schreef ik jullie al dat dit niet werkt:\nhet menu\nde foto's",
        "On Monday at 10:15 you wrote that this is solved:\nit is not",
        "The mail was sent from my iPhone app to all users.\n\nNot one came in.",
        "As regards the price, we agree.\n\nWhat now?\n----\nKey points\n----\nWe wait.",
        "From: is een veld dat niet werkt.\nTo: ook niet.",
        "Het lukt niet:\n> ls -la\n> cat fout.log\nwat nu?",
        "--- a/config.php\n+++ b/config.php\nklopt dit?",
    ],
)
def test_a_persons_own_words_that_look_like_a_separator_stay(text):
    assert split_reply(text.split("\n\nop 3 mei")[0]).new == text.split("\n\nop 3 mei")[0]


def test_a_sentence_is_not_joined_to_an_attribution_over_an_empty_line():
    text = "Op de server staat nog een oude kopie.\n\nOp ma 23 nov 2026 om 10:12 schreef S <a@b.example>:\n> oud"
    assert split_reply(text).new == "Op de server staat nog een oude kopie."


def test_answers_between_the_quotes_are_kept_and_the_quotes_are_not():
    text = "On 23/11/2026 10:12, Support wrote:\n> Which domain?\n\nshop.example\n\n> Since when?\n\nyesterday\n"
    reply = split_reply(text, answers=True)
    assert reply.new == "shop.example\n\nyesterday"
    assert "Which domain?" in reply.quoted


def test_quotes_without_an_attribution_are_quotes_in_a_reply_only():
    text = "Hello\n\n> Subject: Test\n> From: s@h.example\n>\n> Hi"
    assert split_reply(text, subject="RE: Test").new == "Hello"
    assert split_reply(text, subject="Test").new == text


def test_an_answer_below_the_quote_is_kept():
    assert split_reply("Op 23-11-2026 om 10:12 schreef S:\n> vraag\n\nantwoord").new == "antwoord"


@pytest.mark.parametrize(
    "block",
    [
        "---------- Forwarded message ---------\nFrom: Bank\nDate: Mon\nSubject: x\nTo: Jan\n\nthe contents",
        "---------- Doorgestuurd bericht ---------\nVan: Bank\n\nthe contents",
        "Begin forwarded message:\n\n> From: Bank\n>\n> the contents",
        "Anfang der weitergeleiteten Nachricht:\n\nVon: Bank\n\nthe contents",
    ],
)
def test_a_forwarded_mail_is_kept_whole(block):
    assert "the contents" in split_reply(f"Kunt u hier naar kijken?\n\n{block}").new


@pytest.mark.parametrize("subject", ["FW: storing", "Fwd: storing", "Doorst: storing", "WG: Störung"])
def test_a_block_of_headers_under_the_subject_of_a_forward_is_kept_whole(subject):
    text = "Zie onder\n\nVan: Bank <a@b.example>\nVerzonden: maandag\nAan: Jan\nOnderwerp: storing\n\nthe contents"
    assert "the contents" in split_reply(text, subject=subject).new
    assert "the contents" not in split_reply(text, subject="RE: storing").new


def test_when_nothing_would_be_left_everything_is_shown():
    text = "Op 23-11-2026 om 10:12 schreef S:\n> oud"
    assert split_reply(text, answers=True).new == text


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nJan de Vries\nBakkerij De Vries\n020 000 0000",
        "Met vriendelijke groet,\n\nJan de Vries\nBakkerij De Vries",
        "Kind regards, Jan",
        "Mit freundlichen Grüßen\nJan",
        "Groetjes Jan\n\nVerstuurd vanaf mijn iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Get Outlook for iOS<https://example.com/ios>",
        "Von meinem iPhone gesendet",
    ],
)
def test_a_signature_is_folded_and_never_lost(signature):
    reply = split_reply(f"Het werkt niet.\n\n{signature}\n")
    assert reply.new == "Het werkt niet."
    assert reply.signature == signature.replace("-- \n", "--\n")
    assert reply.full.endswith(signature.splitlines()[-1])


@pytest.mark.parametrize("after", ["PS: de site is ook traag", "Kunt u ook naar de backup kijken?"])
def test_what_says_something_below_a_closing_is_not_folded(after):
    assert after in split_reply(f"Het werkt niet.\n\nGroeten,\nJan\n\n{after}").new


HTML = {
    "gmail": "<div>new</div><div class='gmail_quote'><div class='gmail_attr'>Em seg., 23 de nov. S escreveu:<br></div>"
    "<blockquote class='gmail_quote'>old</blockquote></div>",
    "gmail with an answer inside": "<div class='gmail_quote'><div class='gmail_attr'>On 23 Nov 2026 S wrote:</div>"
    "<blockquote class='gmail_quote'>old</blockquote><div>new</div></div>",
    "thunderbird": "<p>new</p><div class='moz-cite-prefix'>Op 23-11-2026 schreef S:<br></div>"
    "<blockquote type='cite'>old<blockquote type='cite'>older</blockquote></blockquote>",
    "outlook in any language": "<div>new</div><div id='appendonsend'></div><div id='divRplyFwdMsg'>Da: S<br>old</div>",
    "yahoo": "<div>new</div><div class='yahoo_quoted'>Il lunedì S ha scritto:<div>old</div></div>",
}


@pytest.mark.parametrize("html", HTML.values(), ids=HTML)
def test_html_replies_are_taken_apart_by_the_marks_of_their_clients(html):
    reply = split_reply(html_to_text(html), answers=True)
    assert reply.new == "new"
    assert "old" in reply.full


def test_a_forward_by_gmail_is_kept_whole():
    html = (
        "<div>see this</div><div class='gmail_quote'><div class='gmail_attr'>---------- Forwarded message ---------<br>"
        "From: Bank<br></div>the contents</div>"
    )
    assert "the contents" in split_reply(html_to_text(html)).new


def test_html_becomes_lines_as_a_reader_sees_them():
    html = "<h1>Title</h1><p>one  two<br>three</p><ul><li>a<li>b</ul><pre>x\n  y</pre><table><tr><td>1<td>2</table>"
    assert html_to_text(html) == "Title\n\none two\nthree\n\n- a\n- b\n\nx\n  y\n\n1 2"
