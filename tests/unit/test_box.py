"""The box it comes in: image, compose file, systemd unit and operator's page, against the code they speak of."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.daemon import GRACE
from monitor.embedded.launcher import EmbeddedServer
from monitor.metrics import Metrics
from monitor.settings import SECRETS, Settings
from tests.conftest import need

TOP = Path(__file__).resolve().parent.parent.parent
PROJECT: dict[str, Any] = tomllib.loads((TOP / "pyproject.toml").read_text())
DOCKERFILE = (TOP / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((TOP / "docker-compose.yml").read_text())
UNIT = (TOP / "docs" / "media-monitor.service").read_text()


def instructions(word: str, stage: int = -1) -> list[str]:
    """The arguments of an instruction of the Dockerfile, in the last stage or in another."""
    joined = re.sub(r"\\\n", "", "\n".join(line for line in DOCKERFILE.splitlines() if not line.startswith("#")))
    lines = re.split(r"^FROM ", joined, flags=re.MULTILINE)[stage].splitlines()
    return [line.removeprefix(f"{word} ").strip() for line in lines if line.startswith(f"{word} ")]


def environment() -> dict[str, str]:
    """What ENV sets in the image."""
    return dict(pair.split("=", 1) for line in instructions("ENV") for pair in line.split())


def of_unit(name: str) -> list[str]:
    """Every value of a line of the unit."""
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)


def copied() -> list[str]:
    """What the build stage takes from the checkout."""
    return [source for line in instructions("COPY", 1) for source in line.split()[:-1]]


# ── settings ──


@pytest.mark.parametrize(
    "name", ["Dockerfile", "docker-compose.yml", "docs/media-monitor.service", "docs/operations.md", "docs/guide.md"]
)
def test_every_setting_that_is_named_exists(name: str) -> None:
    """A misspelt variable stops the start, so none may be taught."""
    known = {f"MONITOR_{field.upper()}" for field in Settings.model_fields} | {"MONITOR_CONFIG"}
    known |= {f"MONITOR_{field.upper()}_FILE" for field in SECRETS}
    named = set(re.findall(r"\bMONITOR_[A-Z][A-Z_]*[A-Z]\b", (TOP / name).read_text()))
    assert named
    assert named - known == set()


# ── image ──


def test_what_the_image_copies_is_enough_to_build_the_wheel(tmp_path: Path) -> None:
    """The wheel comes out of the copied paths alone, with the shipped rules, the templates and the licence in it; and
    the .dockerignore lets each of them through.
    """
    allowed = [line[1:] for line in (TOP / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for pattern in copied():
        assert [a for a in allowed if fnmatch(pattern, a) or pattern == a], pattern
        for path in TOP.glob(pattern):
            target = tmp_path / "src" / path.name
            target.parent.mkdir(exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(path, target)
    build = [sys.executable, "-m", "uv", "build", "--quiet", "--offline", "--no-build-isolation", "--wheel"]
    command = [*build, "--python", sys.executable, "--out-dir", str(tmp_path), str(tmp_path / "src")]
    subprocess.run(command, check=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for folder in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"].values():
        assert [n for n in names if n == folder or n.startswith(f"{folder}/")], folder
    for licence in PROJECT["project"]["license-files"]:
        assert [n for n in names if n.endswith(f"/{licence}")], licence


def test_packages_come_with_hashes_only() -> None:
    """Every step that fetches something names a lock and asks for its hashes, the build tools' included."""
    steps = re.split("&&", " && ".join(instructions("RUN", 1)))
    fetching = [s for s in steps if "install" in s or "uv build" in s]
    assert len(fetching) == 4
    for step in fetching:
        locks = [word for word in step.split() if word.endswith(".lock")]
        assert ("--require-hashes" in step and [lock for lock in locks if (TOP / lock).is_file()] == locks) or (
            "--no-deps dist/*.whl" in step
        ), step


def test_the_image_runs_the_service_as_nobody_in_particular() -> None:
    """Exec form, so that signals reach the service; a numeric user that is not root; a command that exists."""
    (user,), (entrypoint,), (command,) = (instructions(word) for word in ("USER", "ENTRYPOINT", "CMD"))
    assert json.loads(entrypoint)[0] in PROJECT["project"]["scripts"]
    assert json.loads(command) == ["run"]
    assert all(int(number) > 0 for number in user.split(":"))
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert "root" not in {service.get("user") for service in COMPOSE["services"].values()}


def test_the_data_outlives_the_container() -> None:
    """The data dir is a volume in the image, in the compose file, and a folder of the unit's own."""
    data = environment()["MONITOR_DATA_DIR"]
    assert instructions("VOLUME") == [data]
    monitor = COMPOSE["services"]["monitor"]
    mounts = dict(reversed(mount.split(":")) for mount in monitor["volumes"])
    assert mounts[data] in COMPOSE["volumes"]
    assert mounts[monitor["environment"]["MONITOR_RULES_DIR"]] == "./rules"
    (folder,) = of_unit("StateDirectory")
    assert f"MONITOR_DATA_DIR=/var/lib/{folder}" in of_unit("Environment")


def test_ports_agree() -> None:
    """What the service listens on is what the image says, and what compose publishes: on loopback only."""
    port = str(Settings.model_fields["port"].default)
    assert instructions("EXPOSE") == [port]
    assert COMPOSE["services"]["monitor"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert "ports" not in COMPOSE["services"]["valkey"]
    assert "MONITOR_PORT" not in environment() | COMPOSE["services"]["monitor"]["environment"]


@contextmanager
def answering(status: int) -> Iterator[int]:
    """The port of a server on loopback that answers /readyz with ``status``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def test_the_image_is_healthy_when_the_service_is_ready() -> None:
    """The check asks /readyz with what is in the image: 0 for 200, 1 for 503 and where nobody listens; no proxy of
    the environment comes between.
    """
    (check,) = instructions("HEALTHCHECK")
    program, *args = json.loads(check.split(" CMD ", 1)[1])
    assert program == "python"

    def run(port: int) -> int:
        env = {"MONITOR_PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
        return subprocess.run([sys.executable, *args], env=env, capture_output=True, timeout=30, check=False).returncode

    for status, code in ((200, 0), (503, 1)):
        with answering(status) as port:
            assert run(port) == code
    assert run(port) == 1


# ── compose ──


def test_the_store_beside_it_keeps_what_the_bundled_one_keeps(tmp_path: Path) -> None:
    """AOF, its syncing and eviction are those of the bundled server; the service waits until it answers."""
    options = EmbeddedServer(tmp_path, "64mb")._options()
    bundled = dict(zip(options[::2], options[1::2], strict=True))
    _, *given = COMPOSE["services"]["valkey"]["command"]
    beside = dict(zip(given[::2], given[1::2], strict=True))
    assert beside.pop("--maxmemory")
    assert set(beside) == {"--appendonly", "--appendfsync", "--save", "--maxmemory-policy"}
    assert beside.items() <= bundled.items()
    assert COMPOSE["services"]["monitor"]["depends_on"] == {"valkey": {"condition": "service_healthy"}}
    assert "healthcheck" in COMPOSE["services"]["valkey"]


def test_the_container_can_do_little() -> None:
    """No capabilities, no new ones, a read-only root with room for temporary files, and an init that reaps."""
    service = COMPOSE["services"]["monitor"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is service["init"] is True
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - the container's


def test_a_clean_stop_is_given_its_time() -> None:
    """Compose and systemd wait longer than the service needs to finish what is in flight, and signal it alone."""
    waits = [COMPOSE["services"]["monitor"]["stop_grace_period"], *of_unit("TimeoutStopSec")]
    assert len(waits) == 2
    assert all(int(wait.removesuffix("s")) >= GRACE + 10 for wait in waits)
    assert of_unit("KillMode") == ["mixed"]


def test_compose_takes_the_file(tmp_path: Path) -> None:
    """Compose itself finds no fault, and hands on what is set, and nothing for what is not."""
    compose = next((c for c in (["docker-compose"], ["docker", "compose"]) if _works([*c, "version"])), None)
    if compose is None:
        need("docker-compose, or docker with compose")
    (tmp_path / ".env").write_text("MONITOR_PUBLIC_URL=https://monitor.example\n")
    (tmp_path / "docker-compose.yml").write_text((TOP / "docker-compose.yml").read_text())
    done = subprocess.run([*compose, "config"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    given = yaml.safe_load(done.stdout)["services"]["monitor"]["environment"]
    assert given["MONITOR_PUBLIC_URL"] == "https://monitor.example"
    assert not given.get("MONITOR_SMTP_URL")


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
    except FileNotFoundError:
        return False


# ── systemd ──


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """No fault is found in it by systemd itself; a program that exists stands in for the installed one."""
    if not _works(["systemd-analyze", "--version"]):
        need("systemd-analyze")
    (command,) = of_unit("ExecStart")
    unit = tmp_path / "media-monitor.service"
    unit.write_text(UNIT.replace(command.split()[0], sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if unit.name in line]) == (0, [])


def test_secrets_of_the_unit_are_files() -> None:
    """For each secret there is a credential and the setting that reads it; none stands in the unit itself."""
    for secret in SECRETS:
        credential = secret.replace("_", "-")
        assert re.search(rf"^#?LoadCredential={credential}:/etc/", UNIT, re.MULTILINE)
        assert re.search(rf"^#?Environment=MONITOR_{secret.upper()}_FILE=%d/{credential}$", UNIT, re.MULTILINE)
        assert not re.search(rf"MONITOR_{secret.upper()}=", UNIT)


# ── the operator's page ──


def test_every_metric_of_the_alarms_exists() -> None:
    """An alarm on a metric that nobody counts would never ring."""
    counted = {f"{m.name}_total" if m.type == "counter" else m.name for m in Metrics().registry.collect()}
    named = set(re.findall(r"`(monitor_[a-z_]+)", (TOP / "docs" / "operations.md").read_text()))
    assert named
    assert named - counted == set()
