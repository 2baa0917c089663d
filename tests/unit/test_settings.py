"""Settings: where they come from, which one wins, and how wrong ones are named."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

import pytest

from monitor.errors import ConfigurationError
from monitor.settings import Settings, load


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory and data home, and no MONITOR_ variable."""
    for name in list(os.environ):
        if name.upper().startswith("MONITOR_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(**overrides: object) -> str:
    """The message of the ConfigurationError that loading must raise."""
    with pytest.raises(ConfigurationError) as caught:
        load(**overrides)
    return str(caught.value)


def networks(*names: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(name) for name in names)


def test_the_defaults_are_safe() -> None:
    """Nothing set: loopback only, no private networks, the platform's data folder, the bundled server."""
    settings = load()
    assert (settings.host, settings.port, settings.redis_url) == ("127.0.0.1", 8000, None)
    assert settings.allowed_private_networks == ()
    assert settings.data_dir.is_absolute()
    assert settings.data_dir.name == "media-monitor"


def test_command_line_over_environment_over_file_over_default(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source wins over the one below; None on the command line is not given."""
    (home / "monitor.toml").write_text('port = 1111\nhost = "::1"\nmin_poll_interval = 30\nstory_days = 7\n')
    monkeypatch.setenv("MONITOR_PORT", "2222")
    monkeypatch.setenv("MONITOR_HOST", "localhost")
    settings = load(port=3333, host=None)
    assert (settings.port, settings.host, settings.min_poll_interval) == (3333, "localhost", 30)
    assert (settings.story_days, settings.hit_days) == (7, 180)


def test_the_file_is_the_named_one_else_the_one_here_else_the_one_at_home(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MONITOR_CONFIG, then ./monitor.toml, then the data folder's; only one file counts."""
    at_home = home / "share" / "media-monitor"
    at_home.mkdir(parents=True)
    (at_home / "monitor.toml").write_text("port = 1\nstory_days = 1\n")
    assert (load().port, load().story_days) == (1, 1)
    (home / "monitor.toml").write_text("port = 2\nhit_days = 2\n")
    here = load()
    assert (here.port, here.hit_days, here.story_days) == (2, 2, 30)
    (home / "other.toml").write_text("port = 3\n")
    monkeypatch.setenv("MONITOR_CONFIG", str(home / "other.toml"))
    named = load()
    assert (named.port, named.hit_days, named.story_days) == (3, 180, 30)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("127.0.0.0/8", ("127.0.0.0/8",)),
        ("127.0.0.0/8,::1/128", ("127.0.0.0/8", "::1/128")),
        (" 127.0.0.0/8 , ::1/128 ,", ("127.0.0.0/8", "::1/128")),
        ("10.0.0.5", ("10.0.0.5/32",)),
        ("fd00::5", ("fd00::5/128",)),
        ("", ()),
        (" , ", ()),
    ],
)
def test_networks_are_separated_by_commas(
    home: Path, monkeypatch: pytest.MonkeyPatch, value: str, expected: tuple[str, ...]
) -> None:
    """In the environment and in the file; spaces and a comma too many do not matter."""
    monkeypatch.setenv("MONITOR_ALLOWED_PRIVATE_NETWORKS", value)
    assert load().allowed_private_networks == networks(*expected)
    monkeypatch.delenv("MONITOR_ALLOWED_PRIVATE_NETWORKS")
    (home / "monitor.toml").write_text(f'allowed_private_networks = "{value}"\n')
    assert load().allowed_private_networks == networks(*expected)


def test_the_file_may_write_a_list(home: Path) -> None:
    """TOML has lists of its own."""
    (home / "monitor.toml").write_text('allowed_private_networks = ["10.0.0.0/8", "fd00::/8"]\n')
    assert load().allowed_private_networks == networks("10.0.0.0/8", "fd00::/8")


@pytest.mark.parametrize("name", ["redis_url", "smtp_url"])
def test_a_secret_can_be_a_file(home: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Its content counts, without the line break at its end."""
    (home / "secret").write_text("redis://:päss@127.0.0.1:1/0\n")
    monkeypatch.setenv(f"MONITOR_{name.upper()}_FILE", str(home / "secret"))
    assert getattr(load(), name) == "redis://:päss@127.0.0.1:1/0"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"], ids=["missing", "no text"])
def test_a_secret_file_that_cannot_be_read_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    """The service does not start without a secret that it was promised."""
    if content is not None:
        (home / "secret").write_bytes(content)
    monkeypatch.setenv("MONITOR_SMTP_URL_FILE", str(home / "secret"))
    message = refusal()
    assert "MONITOR_SMTP_URL_FILE" in message
    assert "secret" in message


@pytest.mark.parametrize(
    "name",
    ["MONITOR_PROT", "MONITOR_DATADIR", "MONITOR_PORT_FILE", "MONITOR_", "MONITOR_MODEL_CONFIG",
     "MONITOR_ALLOWED_NETWORKS"],
)  # fmt: skip
def test_an_unknown_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A misspelt setting would be ignored in silence."""
    monkeypatch.setenv(name, "1")
    assert name in refusal()


def test_all_unknown_variables_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One start shows all misspellings."""
    monkeypatch.setenv("MONITOR_PROT", "1")
    monkeypatch.setenv("MONITOR_HSOT", "1")
    message = refusal()
    assert "MONITOR_PROT" in message
    assert "MONITOR_HSOT" in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("MIN_POLL_INTERVAL", "0"),
        ("ALLOWED_PRIVATE_NETWORKS", "10.0.0.0/33"),
        ("ALLOWED_PRIVATE_NETWORKS", "127.0.0.0/8,localhost"),
        ("ALLOWED_PRIVATE_NETWORKS", "127.0.0.0/8;::1/128"),
        ("MAXMEMORY", "lots"),
        ("PARTITIONS", "2000"),
        ("PARSE_WORKERS", "0"),
        ("PARSE_TIMEOUT", "0"),
        ("STORY_DAYS", "0"),
        ("LOG_LEVEL", "chatty"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The message says which MONITOR_ variable to correct, also where the value stands in the file."""
    monkeypatch.setenv(f"MONITOR_{name}", value)
    assert f"MONITOR_{name}" in refusal()
    monkeypatch.delenv(f"MONITOR_{name}")
    (home / "monitor.toml").write_text(f'{name.lower()} = "{value}"\n')
    assert f"MONITOR_{name}" in refusal()


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One start shows all mistakes."""
    monkeypatch.setenv("MONITOR_PORT", "eighty")
    monkeypatch.setenv("MONITOR_LOG_LEVEL", "chatty")
    message = refusal()
    assert "MONITOR_PORT" in message
    assert "MONITOR_LOG_LEVEL" in message


def test_a_wrong_secret_is_not_repeated_in_the_message(home: Path) -> None:
    """Messages end up in logs: they name the setting, never its value."""
    (home / "monitor.toml").write_text('smtp_url = ["smtp://user:hunter2@mail.example"]\n')
    message = refusal()
    assert "MONITOR_SMTP_URL" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "content",
    [b"port = ", b"port = 1\nport = 2\n", b'host = "\xff"\n', b"prot = 8000\n", b"[server]\nport = 8000\n", b"\x00"],
    ids=["syntax", "twice", "encoding", "unknown", "table", "binary"],
)
def test_a_bad_file_is_a_configuration_error(home: Path, content: bytes) -> None:
    """Broken TOML and unknown keys stop the start with a message, not with a traceback."""
    (home / "monitor.toml").write_bytes(content)
    assert refusal()


def test_a_named_file_that_is_not_there_is_an_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names a file wants it read; a folder is no file either."""
    for path in (home / "none.toml", home):
        monkeypatch.setenv("MONITOR_CONFIG", str(path))
        assert "MONITOR_CONFIG" in refusal()


def test_paths_are_absolute_and_know_the_home_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative data dir does not move with the working directory; ~ is understood."""
    monkeypatch.setenv("MONITOR_DATA_DIR", "data")
    monkeypatch.setenv("MONITOR_RULES_DIR", "~/rules")
    settings = load()
    assert settings.data_dir == home / "data"
    assert settings.rules_folder == home / "rules"
    assert not settings.rules_need_seeding


@pytest.mark.parametrize("name", ["DATA_DIR", "RULES_DIR", "REDIS_URL", "PUBLIC_URL", "SMTP_URL", "MAIL_FROM"])
def test_an_empty_variable_is_not_set(home: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Compose files hand on empty variables: they must not turn the working directory into the data dir."""
    default = getattr(load(), name.lower())
    monkeypatch.setenv(f"MONITOR_{name}", "")
    found = getattr(load(), name.lower())
    assert (found or None) == default
    assert home not in (found, default)


def test_settings_do_not_change() -> None:
    """They are read once; a part of the service cannot bend them for the others."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1
