"""Write the lexicon's compiled form from its YAML files: ``python scripts/lexicon.py``.

Exit code 1, and nothing written, where a file has a problem; each is printed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import monitor.text.lexicon.load as shipped
from monitor.text.lexicon import Lexicon


def main() -> int:
    """Compile; print the problems or the counts."""
    concepts, problems = shipped.read_sources()
    if problems:
        sys.stderr.write("\n".join(problems) + "\n")
        return 1
    joined = Lexicon(concepts).concepts.values()
    Path(shipped.__file__).with_name(shipped.COMPILED).write_text(shipped.compiled(joined), "utf-8")
    for language in shipped.LANGUAGES:
        given = [concept.terms[language] for concept in joined if language in concept.terms]
        sys.stdout.write(f"{language}: {len(given)} concepts, {sum(map(len, given))} terms\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
