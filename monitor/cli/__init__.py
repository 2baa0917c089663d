"""The command line: parse, call, print. ``monitor --help`` lists everything.

Exit codes: 0 done, 1 done and found something wrong (or nothing), 2 could not be run.
"""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from monitor import ROLES, __version__
from monitor.cli import feeds, offline, records, rules, subscriptions
from monitor.cli.output import fail
from monitor.errors import ConfigurationError, MonitorError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Self-hosted media monitoring: news feeds in, watch rules applied, alerts out.",
)  # fmt: skip

app.command()(offline.check)
app.command()(offline.match)
app.command()(rules.explain)
app.add_typer(feeds.feeds, name="feeds")
app.add_typer(rules.rules, name="rules")
app.add_typer(subscriptions.subscriptions, name="subscriptions")
app.add_typer(records.hits, name="hits")
app.add_typer(records.deliveries, name="deliveries")
app.add_typer(records.keys, name="keys")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Settings come from MONITOR_* variables and a TOML file; `monitor settings` shows them."""


@app.command()
def run(
    role: Annotated[
        list[str] | None, typer.Option(help=f"Run only this part: {', '.join(ROLES)}. Can be repeated.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where the service keeps its data.")] = None,
    host: Annotated[str | None, typer.Option(help="Address that the API listens on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port that the API listens on; 0 for any.")] = None,
) -> None:
    """Run the service until Ctrl-C or SIGTERM."""
    import asyncio

    from monitor.logs import configure
    from monitor.settings import load

    roles = tuple(dict.fromkeys(role or ROLES))
    if unknown := [r for r in roles if r not in ROLES]:
        raise ConfigurationError(f"unknown role {', '.join(unknown)}; roles are {', '.join(ROLES)}")
    settings = load(data_dir=data_dir, host=host, port=port)
    configure(settings)
    from monitor.wiring.running import run as run_service

    asyncio.run(run_service(settings, roles, typer.echo))


@app.command()
def demo(
    data_dir: Annotated[
        Path | None, typer.Option(help="An empty folder, or one of an earlier demo: it is emptied.")
    ] = None,
    pace: Annotated[float, typer.Option(min=0, max=60, help="Seconds of rest after each story.")] = 0.7,
    color: Annotated[
        bool, typer.Option("--color/--no-color", help="Mark matched words by colour, or by brackets.")
    ] = True,
) -> None:
    """See the service at work: about 20 seconds, without set-up and without the Internet."""
    import asyncio

    from rich.console import Console

    from monitor.demo.running import run as play
    from monitor.demo.show import Show

    console = Console(highlight=False) if color else Console(highlight=False, color_system=None)
    if not asyncio.run(play(data_dir, pace, Show(console))):
        raise typer.Exit(1)


@app.command()
def settings(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every setting, its value in force and what it is for. Secrets are not shown."""
    from monitor.cli.output import table
    from monitor.settings import SECRETS, Settings, load

    found = load()
    values = {n: "(set)" if n in SECRETS and v else v for n, v in found.model_dump(mode="json").items()}
    values["rules_dir"] = str(found.rules_folder)
    rows = [
        {"setting": f"MONITOR_{n.upper()}", "value": v, "for": Settings.model_fields[n].description}
        for n, v in values.items()
    ]
    table(rows, as_json=as_json)


def main() -> None:
    """The console script."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a title that the terminal cannot show must not end a list
    try:
        app()
    except ConfigurationError as error:
        fail(error, 2)
    except MonitorError as error:
        fail(error, 1)
    except BrokenPipeError:  # `monitor … | head` has read enough
        sys.stderr.close()
        sys.exit(0)
