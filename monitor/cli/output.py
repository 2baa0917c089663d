"""Printing: tables for people, JSON lines for programs, errors on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer

IDS = ("id", "rule", "story", "subscription", "digest", "state", "health")
"""Columns that are copied, or too short to break."""


def json_line(value: dict[str, Any]) -> str:
    """One line of JSON; ASCII, so that no terminal's encoding and no lone surrogate breaks it."""
    return json.dumps(value)


def fail(error: object, code: int) -> NoReturn:
    """Say what went wrong and exit."""
    typer.secho(f"error: {error}", fg="red", err=True)
    sys.exit(code)


def table(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Rows with the same keys, as JSON lines or as a table."""
    if as_json:
        for row in rows:
            typer.echo(json_line(row))
        return
    if not rows:
        typer.echo("nothing")
        return
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        shown.add_column(name.replace("_", " "), overflow="fold", no_wrap=name in IDS)
    for row in rows:
        shown.add_row(*(_cell(value) for value in row.values()))
    width = None if sys.stdout.isatty() else 200
    Console(width=width, highlight=False, markup=False).print(shown)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def record(value: dict[str, Any], *, as_json: bool) -> None:
    """One thing, as a JSON line or as lines of name and value."""
    if as_json:
        typer.echo(json_line(value))
        return
    for name, part in value.items():
        if isinstance(part, dict):
            part = ", ".join(f"{k} {_cell(v)}" for k, v in part.items() if v is not None)  # noqa: PLW2901 - shown flat
        typer.echo(f"{name.replace('_', ' ')}: {_cell(part)}")
