"""The code of docs/plugin-guide-python.md: each block whose first line names a file is that file of a project."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from anabranch_plugin.build import find

SDK = Path(__file__).parent.parent
GUIDE = SDK.parent.parent / "docs" / "plugin-guide-python.md"
README = SDK.parent.parent / "README.md"


def blocks() -> list[tuple[str, str]]:
    """The blocks of Python and TOML with their languages."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_guide_s_code_runs(tmp_path: Path) -> None:
    files = {}
    for language, text in blocks():
        if language in ("python", "toml"):
            named = re.match(r"# (\S+)\n", text)
            assert named, f"a block of {language} names no file: {text}"
            files[named[1]] = text
    tests = [name for name in files if name.startswith("tests/")]
    assert len(tests) == 3 and len(files) == 8
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    shutil.copytree(SDK / "src" / "anabranch_plugin", tmp_path / "vendor" / "anabranch_plugin")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "4 passed" in ran.stdout
    project = find(tmp_path)
    assert (project.name, project.plugin, project.summary) == ("mask-cards", "MaskCards", "Hides card numbers")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "mypy"), *files.keys() - {"pyproject.toml", "job.toml"}]
    typed = subprocess.run(
        command, cwd=tmp_path, env={"MYPYPATH": "vendor", "PATH": ""}, capture_output=True, text=True, check=False
    )
    assert typed.returncode == 0, typed.stdout + typed.stderr


def drops_test_users(code: str) -> None:
    """That this is a plugin `DropTestUsers`, of ten lines at most."""
    from anabranch_plugin.testing import Dropped, record, run

    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    names: dict[str, object] = {"__name__": "example"}
    exec(code, names)
    plugin = names["DropTestUsers"]
    assert isinstance(plugin, type)
    assert run(plugin, [record("test-1", "a"), record("2", "b")]).dropped == [Dropped(0, "test user")]


def test_the_plugin_in_the_readme_runs() -> None:
    example = re.search(r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert example
    drops_test_users(example[1])


def test_the_sdk_s_example_runs() -> None:
    """The plugin in the package's own documentation, which is the smallest useful one, in ten lines."""
    import anabranch_plugin

    example = re.search(r"::\n\n((?:    .*\n|\n)+)", anabranch_plugin.__doc__ or "")
    assert example
    drops_test_users(re.sub(r"^    ", "", example[1], flags=re.MULTILINE))
