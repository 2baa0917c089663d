"""Makes demo.svg: what `monitor demo` prints on a terminal, as it really ran.

.venv/bin/python docs/images/make.py [FILE.svg]
"""  # noqa: INP001 -- a script, no package

from __future__ import annotations

import asyncio
import io
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from monitor.demo.running import run
from monitor.demo.show import WIDTH, Show

HOME = "/home/you/.local/share/media-monitor-demo"
"""Shown in place of the folder in which the demo really ran."""
DARK, PALE, GREY = (24, 26, 31), (216, 220, 228), (110, 116, 128)
RED, GREEN, YELLOW, BLUE = (224, 108, 117), (122, 184, 108), (222, 184, 96), (97, 160, 230)
COLOURS = [DARK, RED, GREEN, YELLOW, BLUE, (198, 120, 221), (86, 182, 194), PALE]
THEME = TerminalTheme(DARK, PALE, COLOURS, [GREY, *COLOURS[1:]])


class Nameless(Show):
    """Tells no folder of this machine."""

    def __init__(self, console: Console, folder: Path) -> None:
        super().__init__(console)
        self._folder = str(folder)

    def place(self, name: str, place: str) -> None:
        """The same place as a user would see it; the name of a mail is another one each time."""
        shown = re.sub(r"smorning-\w+", "smorning-…", place.replace(self._folder, HOME))
        super().place(name, shown if shown.startswith("file:") else shown.replace("/home/you", "~"))


def main(target: Path) -> None:
    """Run the demo and write the picture."""
    console = Console(
        record=True, file=io.StringIO(), width=WIDTH, force_terminal=True, color_system="truecolor", highlight=False
    )
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder).resolve() / "demo"
        if not asyncio.run(run(data_dir, 0, Nameless(console, data_dir))):
            sys.exit("the demo did not run as it should; see `monitor demo`")
    svg = console.export_svg(title="monitor demo", theme=THEME, unique_id="demo")
    # No web font: a picture in a README loads nothing from elsewhere.
    svg = re.sub(r"\s*@font-face \{.*?\}\n", "\n", svg, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")
    target.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("demo.svg"))
