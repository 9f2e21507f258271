"""The house rules that a linter does not know: rooms, names, purity, one clock."""

import ast
import importlib
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from shared.topology import HEARERS, ROOMS

ROOT = Path(__file__).parents[2]
SOURCES = [path for folder in ("services", "shared", "deploy") for path in (ROOT / folder).rglob("*.py")]
IMPURE = {
    "celery", "kombu", "redis", "sqlmodel", "sqlalchemy", "psycopg", "smtplib", "socket", "aiosmtpd", "fastapi",
    "shared.db", "shared.files", "shared.bus", "shared.clock", "shared.settings", "time", "random", "os",
}  # fmt: skip
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module, names):
    return any(module == name or module.startswith(f"{name}.") for name in names)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_hears_exactly_what_the_topology_says(room):
    worker = importlib.import_module(f"services.{room}.tasks").worker
    registered = {(event, hearer) for hearer, handler in worker.handlers.items() for event in handler.events}
    planned = {
        (event, hearer) for event, hearers in HEARERS.items() for hearer in hearers if hearer.startswith(f"{room}.")
    }
    assert registered == planned


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_the_same_files_as_every_other_room(room):
    folder = ROOT / "services" / room
    for name in ("tasks", "rules", "store"):
        assert (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file()
    known = {"__init__", "tasks", "rules", "store", "gateway", "settings", "web"}
    assert {path.stem for path in folder.glob("*.py")} <= known


@pytest.mark.parametrize("room", ROOMS)
def test_the_docstring_of_a_rooms_tasks_says_what_it_hears_says_and_owns(room):
    docstring = importlib.import_module(f"services.{room}.tasks").__doc__
    for word in ("Hears", "Says", "Owns"):
        assert word in docstring


def rule_files():
    for room in ROOMS:
        folder = ROOT / "services" / room
        yield from ([folder / "rules.py"] if (folder / "rules.py").exists() else (folder / "rules").glob("*.py"))
    yield from (ROOT / "shared" / name for name in ("business_hours.py", "money.py", "vocabulary.py"))


@pytest.mark.parametrize("path", list(rule_files()), ids=lambda path: str(path.relative_to(ROOT)))
def test_rules_are_pure(path):
    assert [module for module in imports(path) if within(module, IMPURE)] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_stores_and_the_bus_know_the_database(path):
    relative = path.relative_to(ROOT)
    allowed = (
        path.name == "store.py"
        or "store" in relative.parts
        or relative.parts[:2]
        in {
            ("shared", "bus"),
            ("shared", "db.py"),
            ("shared", "files.py"),
            ("deploy", "migrations"),
            ("deploy", "schema.py"),
        }
    )
    if not allowed:
        assert [module for module in imports(path) if within(module, {"sqlalchemy", "sqlmodel", "alembic"})] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_has_a_name_that_says_something_and_is_no_module_of_the_standard_library(path):
    assert path.stem not in SAYS_NOTHING
    assert path.stem == "__init__" or path.stem not in sys.stdlib_module_names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_there_is_one_clock(path):
    if path == ROOT / "shared" / "clock.py":
        return
    asked = [
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "utcnow", "today"}
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"datetime", "date", "dt"}
    ]
    assert asked == []


@pytest.mark.parametrize("package", ["services", "shared", "deploy"])
def test_no_installed_distribution_but_ours_owns_our_names(package):
    assert set(packages_distributions().get(package, ["scopedesk"])) == {"scopedesk"}


def test_the_import_contracts_hold():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
