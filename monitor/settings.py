"""Settings: environment ``MONITOR_*`` over a TOML file over defaults.

The file is MONITOR_CONFIG, else ``monitor.toml`` in the working directory, else in the data dir's
default place. Lists are comma-separated. Secrets can be given as files: MONITOR_SMTP_URL_FILE.
"""

from __future__ import annotations

import ipaddress
import os
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from monitor.errors import ConfigurationError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
SECRETS = ("redis_url", "smtp_url")
"""Settings that can be given as ``<name>_FILE``."""


def _default_data_dir() -> Path:
    return Path(platformdirs.user_data_dir("media-monitor", appauthor=False))


def _config_files() -> list[Path]:
    """The one file that counts, or none."""
    if named := os.environ.get("MONITOR_CONFIG"):
        if not Path(named).is_file():
            raise ConfigurationError(f"MONITOR_CONFIG names {named}, which is no file; correct or unset it")
        return [Path(named)]
    places = (Path("monitor.toml"), _default_data_dir() / "monitor.toml")
    return [path for path in places if path.is_file()][:1]


def checkout() -> Path | None:
    """The checkout's folder, where the package runs from one; None for an installed wheel."""
    folder = Path(__file__).resolve().parent.parent
    return folder if (folder / "pyproject.toml").is_file() and (folder / "rules").is_dir() else None


def shipped(name: Literal["rules", "templates"]) -> Path:
    """The folder of shipped data: inside the wheel, or at the top of the checkout."""
    if folder := checkout():
        return folder / name
    return Path(str(resources.files("monitor"))) / "shipped" / name


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Settings(BaseSettings):
    """Everything that can be set. Units are in the names or the descriptions."""

    model_config = SettingsConfigDict(
        env_prefix="MONITOR_",
        env_ignore_empty=True,  # Compose files hand on unset variables, and an empty path is the working directory
        extra="forbid",
        frozen=True,
        validate_default=True,
    )

    data_dir: Path = Field(default_factory=_default_data_dir, description="where the service keeps its data")
    redis_url: str | None = Field(None, description="a Redis/Valkey >= 7.0 of your own; none: the bundled one")
    host: str = Field("127.0.0.1", description="address that the API listens on")
    port: int = Field(8000, ge=0, le=65535, description="port that the API listens on; 0: any free one")
    public_url: str | None = Field(None, description="the API's address as others reach it")
    smtp_url: str | None = Field(
        None, description="smtp[s]://user:pass@host:port; none: mails are written into the data dir's outbox folder"
    )
    mail_from: str | None = Field(None, description="sender of mails: desk@example.org or News desk <desk@example.org>")
    mail_policy: Literal["at-least-once", "at-most-once"] = Field(
        "at-least-once", description="whether a mail is sent again that the server may have (unknown outcome)"
    )
    allowed_private_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        (), description="CIDRs that feeds and webhooks may reach although they are private"
    )
    min_poll_interval: int = Field(60, ge=1, description="seconds; no feed is polled more often")
    rules_dir: Path | None = Field(None, description="folder of rule files")
    maxmemory: str = Field("25%", pattern=r"^\d+(?:%|[kmgKMG]?[bB]?)$", description="of the bundled server")
    partitions: int = Field(0, ge=0, le=256, description="at first start only; 0: 1 for the bundled server, else 4")
    parse_workers: int = Field(2, ge=1, le=64, description="processes that parse feeds")
    parse_timeout: float = Field(10.0, gt=0, le=120, description="seconds until a parse is killed")
    fetch_concurrency: int = Field(64, ge=1, le=4096, description="polls in flight in one process")
    webhook_concurrency: int = Field(16, ge=1, le=256, description="requests in flight to one subscription")
    story_days: int = Field(30, ge=1, le=3650, description="days that stories are kept")
    hit_days: int = Field(180, ge=1, le=3650, description="days that hits are kept")
    delivery_days: int = Field(30, ge=7, le=3650, description="days that finished deliveries are kept")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "console", "json"] = "auto"

    @field_validator("allowed_private_networks", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        return _split(value)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic-settings'
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, environment, TOML file; nothing else is read."""
        toml = TomlConfigSettingsSource(settings_cls, toml_file=_config_files())
        return init_settings, env_settings, toml

    @property
    def rules_folder(self) -> Path:
        """RULES_DIR; else ./rules in a checkout, else rules/ in the data dir."""
        if self.rules_dir is not None:
            return self.rules_dir.expanduser().absolute()
        folder = checkout()
        return folder / "rules" if folder else self.data_dir / "rules"

    @property
    def rules_need_seeding(self) -> bool:
        """Whether the folder is the service's own, to be filled with the shipped rules at first start."""
        return self.rules_dir is None and checkout() is None


def load(**overrides: Any) -> Settings:
    """The settings in force; ``overrides`` (from the command line) win, None means not given.

    Raises ConfigurationError that names every wrong setting by its MONITOR_* name.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    for name in SECRETS:
        if path := os.environ.get(f"MONITOR_{name.upper()}_FILE"):
            try:
                given.setdefault(name, Path(path).read_text(encoding="utf-8").strip())
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigurationError(f"MONITOR_{name.upper()}_FILE: cannot read {path}: {error}") from error
    _refuse_unknown()
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise ConfigurationError("; ".join(dict.fromkeys(map(_fault, error.errors())))) from error
    except ValueError as error:  # a TOML file that does not parse
        raise ConfigurationError(f"the settings file {_file()} cannot be read: {error}") from error
    return settings.model_copy(update={"data_dir": settings.data_dir.expanduser().absolute()})


def _file() -> str:
    return ", ".join(map(str, _config_files()))


def _fault(error: Any) -> str:
    """One fault of the settings in a sentence."""
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return f"unknown setting {name!r} in {_file()}; `monitor settings` lists them all"
    if name == "allowed_private_networks":
        hint = "write CIDRs with commas between, for example 10.0.0.0/8,127.0.0.0/8"
        return f"MONITOR_{name.upper()}: {error['input']!r} is no network; {hint}"
    return f"MONITOR_{name.upper()}: {error['msg']}" + ("" if name in SECRETS else f" (it is {error['input']!r})")


def _refuse_unknown() -> None:
    """A misspelt variable would be ignored silently; say so instead."""
    known = {f"MONITOR_{name.upper()}" for name in Settings.model_fields}
    known |= {f"MONITOR_{name.upper()}_FILE" for name in SECRETS} | {"MONITOR_CONFIG"}
    unknown = sorted(name for name in os.environ if name.startswith("MONITOR_") and name not in known)
    if unknown:
        raise ConfigurationError(f"unknown setting {', '.join(unknown)}; `monitor settings` lists them all")
