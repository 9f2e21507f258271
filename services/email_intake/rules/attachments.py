"""What an attached file really is, and whether a person should look before anybody opens it."""

from __future__ import annotations

import io
import re
import zipfile

MAX_FILES = 100
"""Attachments that are kept apart, of one e-mail; the stored e-mail holds the others."""
MAX_FILE_BYTES = 30 << 20
"""Of one attachment that is kept apart."""
MAX_ARCHIVE_ENTRIES = 2_000

MAX_NAME = 150
"""Characters of a file's name; more than one system refuses 255 bytes."""

_END = 30
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)
_START = 1_024
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"{\\rtf", "application/rtf"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-elf"),
    (b"\xfe\xed\xfa\xce", "application/x-mach-binary"),
    (b"\xfe\xed\xfa\xcf", "application/x-mach-binary"),
    (b"\xce\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (b"L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut"),
    (b"#!", "text/x-shellscript"),
    (b"OggS", "application/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
)
"""First bytes, and what they say."""

_OFFICE = {"word/": "wordprocessingml.document", "xl/": "spreadsheetml.sheet", "ppt/": "presentationml.presentation"}
_UNSURE = frozenset({"application/x-ole-storage", "application/ogg", "application/zip"})
"""Containers of many types: of these the declared one is believed when it is one of the family."""
_FAMILY = re.compile(r"ms-?(?:word|excel|powerpoint|outlook|office)|opendocument|openxml|epub|java-archive|ogg|opus")
_RUNS = frozenset({
    "application/vnd.microsoft.portable-executable", "application/x-elf", "application/x-mach-binary",
    "application/x-ms-shortcut", "text/x-shellscript",
})  # fmt: skip
_RUNS_BY_NAME = re.compile(
    r"\.(?:exe|scr|com|pif|cpl|msi|msp|bat|cmd|ps1|psm1|vbs|vbe|js|jse|wsf|wsh|hta|jar|lnk|url|reg|chm|dll|sys|apk|app"
    r"|dmg|iso|img|vhdx?|one|docm|dotm|xlsm|xltm|xlam|pptm|potm|ppam|xll|sh|desktop|svg|xhtml|s?html?)$",
    re.IGNORECASE,
)
_HARMLESS_IF_READ = re.compile(r"\.(?:sh|js|svg|xhtml|s?html?)$", re.IGNORECASE)
_SEALED = frozenset({"application/vnd.rar", "application/x-7z-compressed"})
_SEALED_BY_NAME = re.compile(r"\.(?:rar|7z|cab|ace|arj|lzh)$", re.IGNORECASE)
_NESTED = re.compile(r"\.(?:zip|rar|7z|iso|img|cab|gz)$", re.IGNORECASE)


def file_name(name: str, position: int) -> str:
    """A name that a file can be saved by anywhere: no path, no hidden file, nothing that a system takes for its own."""
    clean = _NOT_IN_NAMES.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    if len(clean) > MAX_NAME:  # its end says what would open it
        clean = f"{clean[: MAX_NAME - _END - 1]}…{clean[-_END:]}"
    if _RESERVED.fullmatch(clean.partition(".")[0]):
        clean = f"_{clean}"
    return clean or f"file-{position + 1}"


def type_of(data: bytes, declared: str) -> str:
    """The type by content; the declared one where the content does not tell. An image that is none is only bytes."""
    start = data[:_START]
    if start[:4] == b"RIFF" and start[8:12] in {b"WEBP", b"WAVE", b"AVI "}:
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}[start[8:12]]
    if start[4:8] == b"ftyp":
        return declared if declared.startswith(("video/", "audio/", "image/")) else "video/mp4"
    found = next((kind for magic, kind in _MAGIC if start.startswith(magic)), None)
    if found == "image/bmp" and not declared.startswith("image/"):
        found = None  # two letters that a text may begin with
    if found == "application/zip":
        found = _office(data) or found
    if found in _UNSURE and _FAMILY.search(declared):
        return declared
    if found:
        return found
    binary = declared.startswith(("image/", "application/pdf", "application/zip"))
    return "application/octet-stream" if binary and data and "svg" not in declared else declared


def danger_of(name: str, data: bytes, kind: str) -> str | None:
    """Why a file is held until a person looks at it; None when nothing is known against it."""
    name = file_name(name, 0)  # by which it is saved
    if kind in _RUNS:
        return f"its content can run ({kind})"
    if _RUNS_BY_NAME.search(name):
        harmless = _HARMLESS_IF_READ.search(name)
        return f"a {name.rpartition('.')[2].lower()} file can run {'in a browser or shell' if harmless else ''}".strip()
    if kind in _SEALED or _SEALED_BY_NAME.search(name):
        return "an archive of a kind that nothing looks into"
    if data.startswith(b"PK") or name.lower().endswith(".zip"):  # a ZIP may have something before it
        return _danger_in_archive(data)
    return None


def _names(data: bytes) -> tuple[list[str], bool] | None:
    """The names in an archive and whether one of them is encrypted; None when it cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, IndexError, OverflowError):
        return None
    names = [entry.filename.rstrip(" .") for entry in entries]  # as Windows takes them out
    return names, any(entry.flag_bits & 1 for entry in entries)


def _office(data: bytes) -> str | None:
    found = _names(data)
    if found and "[Content_Types].xml" in found[0]:
        for folder, kind in _OFFICE.items():
            if any(name.startswith(folder) for name in found[0]):
                return f"application/vnd.openxmlformats-officedocument.{kind}"
    return None


def _danger_in_archive(data: bytes) -> str | None:
    found = _names(data)
    if found is None:
        return "an archive that cannot be read"
    names, encrypted = found
    if len(names) > MAX_ARCHIVE_ENTRIES:
        return "an archive of more files than are looked at"
    if any(name.endswith("vbaProject.bin") for name in names):
        return "a document with macros"
    if encrypted:
        return "an archive with a password, which nothing can look into"
    if any(_RUNS_BY_NAME.search(name) and not _HARMLESS_IF_READ.search(name) for name in names):
        return "an archive with a file that can run"
    return "an archive in an archive" if any(map(_NESTED.search, names)) else None
