"""Where the demo plays: a data dir, rules and settings of its own. Nothing of the user's is read or touched."""

from __future__ import annotations

import ipaddress
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from monitor.embedded import EmbeddedServer
from monitor.embedded.lock import try_exclusive
from monitor.errors import ConfigurationError
from monitor.settings import Settings, shipped

MARKER = ".media-monitor-demo"
"""The file by which a demo knows its folder again; locked while one plays there."""
MEMORY = "128mb"

RULES = ("putin-asia-visit.yaml", "vietnam-arms.yaml")
"""The rule files that the play is about."""


class DemoSettings(Settings):
    """Settings without the environment and the TOML file: with them, the demo could write to the user's own store."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the demo says itself."""
        return (init_settings,)


def demo_settings(folder: Path) -> Settings:
    """The settings of a demo that plays in ``folder``."""
    return DemoSettings(
        data_dir=folder,
        rules_dir=folder / "rules",
        port=0,
        allowed_private_networks=(ipaddress.IPv4Network("127.0.0.0/8"),),
        min_poll_interval=1,
        parse_workers=1,
        maxmemory=MEMORY,
        log_level="error",
    )


def default_folder() -> Path:
    """Beside the place where the service keeps its data by default."""
    usual = DemoSettings().data_dir
    return usual.with_name(f"{usual.name}-demo")


@asynccontextmanager
async def stage(data_dir: Path | None) -> AsyncIterator[Settings]:
    """An emptied folder with the shipped rules in it, and the settings for it. It stays, for looking at it afterwards.

    Raises ConfigurationError where the folder holds something else, is in use or cannot be written.
    """
    folder = (data_dir or default_folder()).expanduser().absolute()
    lock = _claim(folder)
    try:
        await _leave_no_server(folder)
        try:
            _empty(folder)
            # In a checkout the user's own rules lie beside the shipped ones: the play is about these two.
            shutil.copytree(shipped("rules") / "fixtures" / "articles", folder / "rules" / "fixtures" / "articles")
            for name in RULES:
                shutil.copy(shipped("rules") / name, folder / "rules" / name)
        except OSError as error:
            raise _unwritable(folder, error) from error
        yield demo_settings(folder)
    finally:
        await _leave_no_server(folder)
        os.close(lock)


def _claim(folder: Path) -> int:
    """The lock on the folder, which is made where it is not there, and refused where it is not a demo's."""
    marker = folder / MARKER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not marker.is_file() and any(folder.iterdir()):
            raise ConfigurationError(
                f"{folder} is not empty and not a demo's (it has no {MARKER}), and a demo empties its folder; "
                "choose another with --data-dir"
            )
        lock = try_exclusive(marker)
    except OSError as error:
        raise _unwritable(folder, error) from error
    if lock is None:
        raise ConfigurationError(f"another demo is running in {folder}; wait for its end, or choose another --data-dir")
    return lock


def _unwritable(folder: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"the demo's folder {folder} cannot be written ({error.strerror}); choose another with --data-dir"
    )


async def _leave_no_server(folder: Path) -> None:
    """End a server that a demo has left: one that was killed, or stopped before its server could hear of it.

    Its files must not be taken from under it.
    """
    held = folder / "valkey" / "server.lock"
    if not held.exists():
        return
    free = try_exclusive(held)
    if free is not None:
        os.close(free)
        return
    server = EmbeddedServer(folder, MEMORY)
    await server.join()
    await server.leave()


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name == MARKER:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
