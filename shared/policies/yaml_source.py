"""YAML files read into pydantic models, with mistakes that name file, line and what to do.

Reading is the fast path: one parse, one validation. Only when something is wrong is the file composed a second time,
with its line marks, to find where.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from shared.errors import Misconfigured

Loc = tuple[str | int, ...]
"""Where a value stands in a file: the keys and list positions that lead to it, as in pydantic's errors."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Mistake:
    """One thing to mend in one file; `line` counts from 1."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class WrongYaml(Misconfigured):
    """One or more files are not as they must be; its text has a line per mistake."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def read_yaml(path: Path, model: type[M]) -> M:
    """The file as a `model`; WrongYaml names file and line of every mistake, Misconfigured says it cannot be read."""
    data = _parse(path)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = [(_place(e), _explain(e, model)) for e in error.errors(include_url=False)]
        raise WrongYaml(locate(path, found)) from error


def locate(path: Path, found: Iterable[tuple[Loc, str]]) -> list[Mistake]:
    """Mistakes that a reader of the data found (place in the file, message), with their lines, in file order."""
    root = yaml.compose(_text(path), Loader=_Loader)
    mistakes = (Mistake(path, _line(root, loc), f"{_dotted(loc)}: {text}" if loc else text) for loc, text in found)
    return sorted(mistakes, key=lambda mistake: mistake.line)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The known word that looks most like this one, as a question; empty when none does."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else ""


class _Loader(yaml.CSafeLoader):
    """The safe loader of libyaml, with duplicate keys refused and `yes`, `no`, `on`, `off` and `8:30` left as text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [str(key.value) for key, _ in node.value]
        if len(set(keys)) != len(keys):
            at, name = next((at, name) for at, name in enumerate(keys) if name in keys[:at])
            problem = f"the key {name!r} stands here twice: remove or rename one"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.value[at][0].start_mark)
        return super().construct_mapping(node, deep=deep)


_BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float"))
_PLAIN = {  # as in YAML 1.2: what a policy author expects of words and times
    _BOOL: re.compile(r"^(?:true|false)$"),
    _INT: re.compile(r"^[-+]?[0-9]+$"),
    _FLOAT: re.compile(r"^[-+]?[0-9]+\.[0-9]+$"),
}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, _PLAIN.get(tag, pattern)) for tag, pattern in resolvers]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _parse(path: Path) -> Any:
    text = _text(path)
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 (it is the safe loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(filter(None, (error.context, error.problem)))
        raise WrongYaml([Mistake(path, mark.line + 1 if mark else 1, problem or "not YAML")]) from error
    except yaml.YAMLError as error:
        raise WrongYaml([Mistake(path, 1, f"not YAML: {error}")]) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"cannot read {path}: {error}") from error


def _line(root: yaml.Node | None, loc: Loc) -> int:
    """The line of the deepest part of `loc` that the file has."""
    line, node = root.start_mark.line if root else 0, root
    for step in loc:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == str(step)), None)
            if pair is None:
                continue  # pydantic also names union members, which the file does not have
            line, node = pair[0].start_mark.line, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line
    return line + 1


def _place(error: Any) -> Loc:
    loc: Loc = error["loc"]
    return loc[:-1] if error["type"] == "missing" else loc


def _dotted(loc: Loc) -> str:
    return ".".join(map(str, loc))


def _explain(error: Any, model: type[BaseModel]) -> str:  # noqa: PLR0911 (a table of cases)
    """What is wrong and what to do, for a person who knows YAML and not pydantic."""
    kind, given, last = error["type"], error["input"], error["loc"][-1] if error["loc"] else ""
    if kind == "missing":
        return f"the field {last!r} is missing: add it"
    if kind == "extra_forbidden":
        return f"there is no field {last!r} here: {did_you_mean(str(last), _field_names(model)) or 'remove it'}"
    if kind in {"model_type", "dict_type"}:
        return "there must be fields here (name: value)"
    if kind in {"enum", "literal_error"}:
        known = re.findall(r"'([^']+)'", str(error["ctx"]["expected"]))
        return f"{given!r} is not known: {did_you_mean(str(given), known) or 'use one of ' + ', '.join(known)}"
    if kind == "string_type" and isinstance(given, (int, float)):
        return f"{given!r} is read as a number: put it in quotes"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    return f"{error['msg']}, not {given!r}"


def _field_names(model: type[BaseModel]) -> Iterator[str]:
    """Every field name of the model and of what it is made of; close enough to suggest one."""
    seen: set[type[BaseModel]] = set()
    waiting: list[Any] = [model]
    while waiting:
        part = waiting.pop()
        if isinstance(part, type) and issubclass(part, BaseModel) and part not in seen:
            seen.add(part)
            for name, field in part.model_fields.items():
                yield field.alias or name
                waiting.append(field.annotation)
        waiting.extend(getattr(part, "__args__", ()))
