"""Fixtures for everyone: a real bundled server, stores on it, and what plays the outside world."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from monitor.embedded.launcher import EmbeddedServer, prepare_data_dir
from monitor.settings import Settings
from monitor.store.store import Store, connect
from tests.harness.servers import FeedServer, Receiver
from tests.harness.service import Service

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
"""Data that lies beside the project on some machines and is never part of it."""


def need(reason: str) -> NoReturn:
    """The machine lacks something: skip, visibly; but in CI nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(f"CI lacks what this test needs: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A bundled Valkey for the whole run."""
    data_dir = tmp_path_factory.mktemp("valkey")
    prepare_data_dir(data_dir)
    made = EmbeddedServer(data_dir, "256mb")
    asyncio.run(made.join())
    yield made
    asyncio.run(made.leave())


@pytest.fixture(params=[1, 4], ids=["1-partition", "4-partitions"])
async def store(request: pytest.FixtureRequest, server: EmbeddedServer) -> AsyncIterator[Store]:
    """An empty store, with 1 and with 4 partitions."""
    settings = Settings(partitions=request.param)
    opened = await connect(server.url, settings, embedded=True, patience=5)
    await opened.client.call("FLUSHALL")
    await opened.close()
    opened = await connect(server.url, settings, embedded=True, patience=5)
    yield opened
    await opened.close()


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """The service on an empty data dir with an empty rules folder, not started yet."""
    rules = tmp_path / "rules"
    rules.mkdir()
    made = Service(tmp_path / "data", env={"MONITOR_RULES_DIR": str(rules)})
    yield made
    await made.finish()


@pytest.fixture
async def feeds() -> AsyncIterator[FeedServer]:
    """A feed server on loopback."""
    async with FeedServer() as made:
        yield made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A webhook receiver on loopback."""
    async with Receiver() as made:
        yield made


@pytest.fixture
def shared() -> Path:
    """The folder of outside data; the test is skipped, visibly, where it is missing."""
    if not SHARED.is_dir():
        pytest.skip("the outside data is not on this machine (../shared/data)")
    return SHARED
