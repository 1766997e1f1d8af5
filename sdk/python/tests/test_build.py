"""What a build says of a source of which no component can be made, before the component tool begins."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from anabranch_plugin import build
from anabranch_plugin.__main__ import main
from anabranch_plugin.build import BuildError, find, tool

PLUGIN = """
from anabranch_plugin import Plugin


class Kept(Plugin):
    \"\"\"Keeps everything.

    More.
    \"\"\"
"""


@pytest.fixture(autouse=True)
def fresh() -> object:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def failure(path: Path) -> BuildError:
    with pytest.raises(BuildError) as failed:
        build.build(find(path), path.parent / "out.wasm")
    return failed.value


def said(path: Path) -> tuple[str | None, ...]:
    project = find(path)
    return (project.module, project.plugin, project.name, project.version, project.summary)


def test_a_project_says_what_its_plugin_is(tmp_path: Path) -> None:
    project = '[project]\nname = "keep-all"\nversion = "2.1.0"\ndescription = "Keeps."\n'
    write(tmp_path, {"pyproject.toml": project, "src/keep_all.py": PLUGIN})
    of_project = ("keep_all", None, "keep-all", "2.1.0", "Keeps.")
    assert said(tmp_path) == said(tmp_path / "pyproject.toml") == said(tmp_path / "src/keep_all.py") == of_project
    assert find(tmp_path).folder == tmp_path / "src"

    entry = '[tool.anabranch]\nplugin = "inner.kept:Kept"\n'
    write(tmp_path, {"pyproject.toml": project + entry, "inner/kept.py": PLUGIN})
    assert said(tmp_path) == ("inner.kept", "Kept", "keep-all", "2.1.0", "Keeps.")
    assert find(tmp_path).folder == tmp_path


def test_a_single_module_says_it_itself(tmp_path: Path) -> None:
    write(tmp_path, {"keep_all.py": PLUGIN + '\n__version__ = "3.0.0"\n'})
    assert said(tmp_path / "keep_all.py") == ("keep_all", None, "keep-all", None, None)
    name, description = tool._described(find(tmp_path / "keep_all.py"))
    assert (name, description.version, description.summary) == ("Kept", "3.0.0", "Keeps everything.")


@pytest.mark.parametrize(
    ("imported", "message", "hint"),
    [
        ("import threading", "plugin.py:1: `threading` is of no use in WebAssembly", "one thread"),
        ("from concurrent.futures import ThreadPoolExecutor", "`concurrent.futures` is of no use", "one thread"),
        ("import urllib.request", "`urllib.request` is of no use in WebAssembly", "no network"),
        ("def late():\n    from socket import socket", "plugin.py:2: `socket` is of no use", "no network"),
        ("import native", "plugin.py:1: `native` is a native package", "Python only"),
        ("import not_there.at_all", "plugin.py:1: there is no module `not_there", "pip install not-there"),
        ("from . import sibling", "`plugin` cannot be imported: ImportError: attempted relative import", "pytest"),
        ("def", "plugin.py:1: ", None),
    ],
)
def test_an_import_that_cannot_work(tmp_path: Path, imported: str, message: str, hint: str | None) -> None:
    write(tmp_path, {"plugin.py": imported + PLUGIN, "native/__init__.py": "", "native/fast.so": ""})
    failed = failure(tmp_path / "plugin.py")
    assert message in failed.message
    assert hint is None or hint in (failed.hint or "")


def test_an_import_that_may_fail_is_not_held_against_a_plugin(tmp_path: Path) -> None:
    optional = "try:\n    import threading\n    import not_there\nexcept ImportError:\n    pass\n"
    write(tmp_path, {"plugin.py": optional + PLUGIN})
    assert list(build.source.collect("plugin", [tmp_path]).places) == ["plugin"]


def test_what_a_plugin_consists_of_is_found(tmp_path: Path) -> None:
    files = {
        "plugin.py": "import json\nfrom inner import deep\nimport single\n" + PLUGIN,
        "inner/__init__.py": "",
        "inner/deep.py": "from .other import x\ndef f():\n    import late\n",
        "inner/other.py": "x = 1\n",
        "single.py": "",
        "late.py": "",
        "unused.py": "",
    }
    write(tmp_path, files)
    source = build.source.collect("plugin", [tmp_path])
    assert source.places == {
        "plugin": tmp_path / "plugin.py",
        "inner": tmp_path / "inner",
        "single": tmp_path / "single.py",
        "late": tmp_path / "late.py",
    }
    assert source.late == ["late"]


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("", "`plugin` has no plugin", "derive a class"),
        (PLUGIN + PLUGIN.replace("Kept", "Other"), "several plugins: `Kept`, `Other`", "plugin:Kept"),
        (PLUGIN + "\n    state = 3\n", "`Kept` describes itself wrongly: `state` is", None),
        ("1 / 0", "`plugin` cannot be imported: ZeroDivisionError", "pytest"),
    ],
)
def test_a_module_that_is_no_plugin(tmp_path: Path, source: str, message: str, hint: str | None) -> None:
    write(tmp_path, {"plugin.py": source})
    failed = failure(tmp_path / "plugin.py")
    assert message in failed.message
    assert hint is None or hint in (failed.hint or "")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "there is no `"),
        ({"pyproject.toml": "[project"}, "is no TOML"),
        ({"pyproject.toml": "[tool.x]"}, "gives the project no name"),
        ({"pyproject.toml": '[project]\nname = "a-b"'}, "there is no `a_b.py` in"),
        ({"pyproject.toml": '[project]\nname = "a"\n[tool.anabranch]\nplugin = "a b"'}, "is not `module` or"),
    ],
)
def test_a_project_that_says_nothing(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(BuildError, match=message):
        find(write(tmp_path, files))


def test_the_tool_is_named_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    write(tmp_path, {"plugin.py": PLUGIN})
    monkeypatch.setattr(metadata, "version", absent)
    monkeypatch.setenv("PATH", "")
    assert main(["build", str(tmp_path / "plugin.py"), "-o", str(tmp_path / "out.wasm")]) == 1
    assert capsys.readouterr().err == (
        "error: the component tool `componentize-py` is not installed\n"
        f"hint: install it: {sys.executable} -m pip install componentize-py==0.25.0\n"
    )
    monkeypatch.setattr(metadata, "version", lambda name: "0.17.2")
    assert main(["build", str(tmp_path / "plugin.py"), "-o", str(tmp_path / "out.wasm")]) == 1
    assert "`componentize-py` is version 0.17.2, and plugins are built with 0.25.0" in capsys.readouterr().err
