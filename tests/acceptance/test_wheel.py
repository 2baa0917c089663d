"""The wheel: built, installed by itself into an empty folder, and run far away from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitor import __version__
from tests.harness.service import Service, eventually

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PROJECT: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())


@dataclass(frozen=True)
class Installed:
    """The wheel's file, and the folder where it is installed: nothing else of ours is there."""

    wheel: Path
    folder: Path

    def environment(self, data_dir: Path) -> dict[str, str]:
        """PYTHONPATH comes before site-packages, so the checkout's editable install does not win."""
        base = {k: v for k, v in os.environ.items() if not k.startswith(("MONITOR_", "PYTHON"))}
        return base | {"PYTHONPATH": str(self.folder), "MONITOR_DATA_DIR": str(data_dir)}

    def python(self, data_dir: Path, *args: str) -> subprocess.CompletedProcess[str]:
        """Python with the installed package, from the data dir's parent as working directory."""
        return subprocess.run(
            [sys.executable, *args], env=self.environment(data_dir), cwd=data_dir.parent, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, built from the checkout without the network and unpacked by the installer."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = [sys.executable, "-m", "uv"]
    python = ["--quiet", "--offline", "--python", sys.executable]
    subprocess.run(
        [*uv, "build", *python, "--wheel", "--no-build-isolation", "--out-dir", str(folder / "dist"), str(CHECKOUT)],
        check=True, cwd=folder,
    )  # fmt: skip
    (wheel,) = (folder / "dist").glob("*.whl")
    target = folder / "site"
    subprocess.run([*uv, "pip", "install", *python, "--no-deps", "--target", str(target), str(wheel)], check=True)
    return Installed(wheel, target)


def test_the_wheel_carries_everything_that_is_needed(installed: Installed) -> None:
    """Every module, the Lua scripts, py.typed, the shipped rules, the licence and the command are in it."""
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    package = {
        p.relative_to(CHECKOUT).as_posix()
        for p in (CHECKOUT / "monitor").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    rules = {f"monitor/shipped/rules/{p.name}" for p in (CHECKOUT / "rules").glob("*.yaml")}
    assert len(rules) >= 2
    assert {n for n in package if n.endswith(".lua")}
    assert package | rules <= names
    assert "monitor/py.typed" in names
    (entry,) = [n for n in names if n.endswith(".dist-info/entry_points.txt")]
    assert "monitor = monitor.cli:main" in (installed.folder / entry).read_text()
    assert any(n.endswith("LICENSE") for n in names)


def test_the_wheel_carries_nothing_else(installed: Installed) -> None:
    """No tests, caches or files of the developer's machine."""
    names = zipfile.ZipFile(installed.wheel).namelist()
    info = f"media_monitor-{__version__}.dist-info/"
    assert {n.split("/")[0] for n in names} == {"monitor", info.rstrip("/")}
    assert not [n for n in names if n.endswith((".pyc", ".orig", ".swp")) or "__pycache__" in n or "/." in n]


def test_a_fresh_clone_can_build_it() -> None:
    """What the wheel takes in from outside the package exists in a clone: git keeps no empty folders."""
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    empty = [s for s in included if not any(p.is_file() for p in (CHECKOUT / s, *(CHECKOUT / s).rglob("*")))]
    assert empty == []


def test_the_installed_package_is_the_one_that_runs(installed: Installed, tmp_path: Path) -> None:
    """Neither the checkout nor its editable install is looked at, also for the shipped data."""
    code = "import monitor.settings as s; print(s.__file__); print(s.checkout()); print(s.shipped('rules'))"
    done = installed.python(tmp_path / "data", "-c", code)
    module, checkout, shipped = done.stdout.splitlines()
    assert module.startswith(str(installed.folder)), done.stderr
    assert checkout == "None"
    assert shipped.startswith(str(installed.folder))


def test_check_works_before_anything_ran(installed: Installed, tmp_path: Path) -> None:
    """The first thing that a new user types: the shipped rules are good, and their tests hold."""
    done = installed.python(tmp_path / "data", "-m", "monitor", "check")
    assert done.returncode == 0, done.stderr
    assert "0 problems, 0 failed" in done.stdout


async def test_the_service_runs_on_seeded_rules(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`monitor run` copies the shipped rules to DATA_DIR/rules and serves them; `monitor check` checks those; a rule
    that the user deletes stays deleted at the next start.
    """
    data = tmp_path / "data"
    monkeypatch.chdir(tmp_path)  # `python -m` looks into the working directory first
    service = Service(data, env={"PYTHONPATH": str(installed.folder)})
    shipped = {p.name for p in (CHECKOUT / "rules").glob("*.yaml")}
    stories = {"fixtures"}
    try:
        await service.start()
        assert {p.name for p in (data / "rules").iterdir()} == shipped | stories

        async def told() -> bool:
            return any(str(data / "rules") in line for line in service.out)

        await eventually(told, what="the start names the rules folder")

        async def served() -> bool:
            rules = (await service.get("/v1/rules"))["items"]
            return {r["file"] for r in rules} == shipped

        await eventually(served, what="the seeded rules are served")
        assert (await service.call("GET", "/openapi.json", key="")).body["info"]["version"] == __version__
        checked = installed.python(data, "-m", "monitor", "check")
        assert checked.returncode == 0, checked.stderr
        assert f"{len(shipped)} rules" in checked.stdout
        gone = min(shipped)
        (data / "rules" / gone).unlink()
        assert await service.stop() == 0
        await service.start()
        assert {p.name for p in (data / "rules").iterdir()} == (shipped | stories) - {gone}
        assert await service.stop() == 0
    finally:
        await service.finish()
