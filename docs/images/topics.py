"""Makes topics-understood.svg and topics-explained.svg: what the two commands of docs/topics.md print on a terminal.

.venv/bin/python docs/images/topics.py [FOLDER]
"""  # noqa: INP001 -- a script, no package

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

sys.path.insert(0, str(Path(__file__).resolve().parent))
from make import THEME

ROOT = Path(__file__).resolve().parent.parent.parent
STORY = "rules/fixtures/articles/arms-fighter-jets.yaml"
PICTURES = {
    "topics-understood": ["rules", "understand", "Putin Asia visit"],
    "topics-explained": ["explain", "rules/vietnam-arms.yaml", STORY],
}
WIDTH = 104


def picture(name: str, command: list[str], folder: Path) -> None:
    """Run the command and write what it prints, in its colours."""
    monitor = Path(sys.executable).with_name("monitor")
    environment = os.environ | {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
    done = subprocess.run(  # noqa: S603 - our own command, with the words above
        [str(monitor), *command], capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    console = Console(record=True, file=io.StringIO(), width=WIDTH, force_terminal=True, color_system="truecolor")
    said = " ".join(f'"{word}"' if " " in word else word for word in command)
    console.print(Text(f"$ monitor {said}", style="bold"))
    for line in done.stdout.splitlines():
        console.print(Text.from_ansi(line if len(line) < 600 else line[: WIDTH * 4] + " …"))
    svg = console.export_svg(title="monitor", theme=THEME, unique_id=name)
    # No web font: a picture in a page loads nothing from elsewhere.
    svg = re.sub(r"\s*@font-face \{.*?\}\n", "\n", svg, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")
    (folder / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    for each, arguments in PICTURES.items():
        picture(each, arguments, Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
