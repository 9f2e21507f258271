"""A file is held that could run by the name it is saved by, by its content, or by what an archive holds."""

import io
import zipfile
from email.message import EmailMessage

import pytest

from services.email_intake.rules.attachments import MAX_ARCHIVE_ENTRIES, danger_of, type_of
from services.email_intake.rules.parts import Content


def zipped(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return stream.getvalue()


def danger(name, data=b"x"):
    return danger_of(name, data, type_of(data, "application/octet-stream"))


@pytest.mark.parametrize("name", ["a.bat", "a.bat.", "a.bat . ", "folder/a.vbs"])
def test_a_name_is_judged_as_the_file_is_saved(name):
    assert "can run" in danger(name)


def test_an_archive_is_looked_into_wherever_it_begins_and_however_its_files_are_named():
    assert danger("a.zip", zipped("notes.txt")) is None
    assert danger("a.zip", zipped("notes.bat. ")) == "an archive with a file that can run"
    assert danger("a.zip", b"before it" + zipped("notes.bat")) == "an archive with a file that can run"


def test_an_archive_of_very_many_files_is_held_whatever_they_are():
    assert "more files" in danger("a.zip", zipped(*(f"{number}.txt" for number in range(MAX_ARCHIVE_ENTRIES + 1))))


@pytest.mark.parametrize(
    ("name", "data"), [("a.rar", b"x"), ("a.dat", b"Rar!\x1a\x07\x00"), ("a.bin", b"7z\xbc\xaf\x27\x1c")]
)
def test_an_archive_that_nothing_looks_into_is_held(name, data):
    assert "nothing looks into" in danger(name, data)


def test_a_mail_in_a_mail_is_judged_by_its_name_too():
    inner, outer = EmailMessage(), EmailMessage()
    inner.set_content("<script>")
    outer.set_content("See the mail.")
    outer.add_attachment(inner, filename="invoice.hta")
    content = Content([])
    content.read(outer)
    [file] = content.attachments
    assert "can run" in file.held
