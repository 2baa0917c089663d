"""The commands that need no store: help, settings, check, match and explain on files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from monitor.cli import app

RULE = "id: tapir\nname: Tapirs\nquery: tapir AND (zoo OR forest)\n"
STORY = {"id": "s1", "title": "A tapir in the zoo", "body": "It came from a forest.", "language": "en"}
COMMANDS = [
    ["run"], ["check"], ["match"], ["explain"], ["settings"], ["feeds"], ["rules"], ["subscriptions"],
    ["hits"], ["deliveries"], ["keys"], ["feeds", "add"], ["feeds", "list"], ["feeds", "remove"], ["feeds", "import"],
    ["feeds", "export"], ["rules", "list"], ["rules", "show"], ["rules", "add"], ["rules", "remove"],
    ["rules", "save-story"], ["rules", "force"],
    ["subscriptions", "add"], ["subscriptions", "list"], ["subscriptions", "remove"], ["hits", "list"],
    ["deliveries", "list"], ["deliveries", "replay"], ["keys", "add"], ["keys", "list"], ["keys", "remove"],
]  # fmt: skip


def monitor(
    *args: object, stdin: bytes | str = b"", cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """``monitor`` with these arguments, and no MONITOR_ settings but those of ``env``."""
    base = {k: v for k, v in os.environ.items() if not k.startswith("MONITOR_")}
    data = stdin.encode() if isinstance(stdin, str) else stdin
    command = [sys.executable, "-m", "monitor", *map(str, args)]
    done = subprocess.run(
        command, input=data, capture_output=True, cwd=cwd, env=base | (env or {}), timeout=60, check=False
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    return done


def lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    """Standard output as JSON lines."""
    return [json.loads(line) for line in done.stdout.decode().split("\n") if line]


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """Standard error as text."""
    return done.stderr.decode()


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder with one good rule."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "tapir.yaml").write_text(RULE)
    return folder


# ── help ──


def test_help_names_every_command() -> None:
    """`monitor --help` lists what there is; no arguments at all show the same; `--version` prints a version."""
    text = monitor("--help").stdout.decode()
    for name in ("run", "check", "match", "explain", *sorted({c[0] for c in COMMANDS if len(c) == 2})):
        assert f" {name} " in text, name
    assert monitor("--version").stdout.decode().strip()[0].isdigit()
    assert "Commands" in (bare := monitor()).stdout.decode() + said(bare)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command: list[str]) -> None:
    """`--help` exits 0 and says what the command is for (all in this process: thirty start-ups would take long)."""
    done = CliRunner().invoke(app, [*command, "--help"])
    assert done.exit_code == 0, done.output
    assert "Usage:" in done.output


def test_a_commands_help_comes_from_the_shell_too() -> None:
    """`monitor run --help`, as it is typed."""
    done = monitor("run", "--help")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"--role" in done.stdout


def test_the_options_of_the_contract_are_there() -> None:
    """Options that users and scripts rely on."""
    wanted = {
        ("run",): ["--role", "--data-dir", "--port"],
        ("match",): ["--rules", "--stories"],
        ("check",): ["--json"],
        ("explain",): ["--json"],
        ("feeds", "add"): ["--json"],
        ("keys", "add"): ["--json"],
    }
    for command, options in wanted.items():
        shown = CliRunner().invoke(app, [*command, "--help"]).output
        assert [o for o in options if o not in shown] == [], command


@pytest.mark.parametrize(
    "args",
    [
        ["fly"],
        ["match"],
        ["run", "--role", "pilot"],
        ["run", "--port", "ninety"],
        ["check", "--bogus"],
        ["feeds", "fly"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_exits_2(args: list[str]) -> None:
    """What can't be run is 2, with the reason on standard error."""
    done = monitor(*args)
    assert done.returncode == 2
    assert done.stderr
    assert not done.stdout


# ── settings ──


def test_settings_hide_secrets(tmp_path: Path) -> None:
    """Every setting is listed with its value, but not the passwords in it, whichever way they were given."""
    (tmp_path / "smtp").write_text("smtp://mailer:hunter2@127.0.0.1:2525\n")
    env = {"MONITOR_REDIS_URL": "redis://:hunter2@127.0.0.1:1/0", "MONITOR_SMTP_URL_FILE": str(tmp_path / "smtp"),
           "MONITOR_PORT": "8123", "MONITOR_ALLOWED_PRIVATE_NETWORKS": "10.0.0.0/8, fd00::/8"}  # fmt: skip
    plain, as_json = monitor("settings", env=env), monitor("settings", "--json", env=env)
    assert (plain.returncode, as_json.returncode) == (0, 0)
    for done in (plain, as_json):
        assert b"hunter2" not in done.stdout + done.stderr
    values = {row["setting"]: row["value"] for row in lines(as_json)}
    assert values["MONITOR_PORT"] == 8123
    assert values["MONITOR_ALLOWED_PRIVATE_NETWORKS"] == ["10.0.0.0/8", "fd00::/8"]
    assert values["MONITOR_REDIS_URL"]
    assert values["MONITOR_SMTP_URL"]
    assert values["MONITOR_MAIL_FROM"] is None
    assert b"MONITOR_MIN_POLL_INTERVAL" in plain.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [("MONITOR_PORT", "http"), ("MONITOR_PROT", "1"), ("MONITOR_ALLOWED_PRIVATE_NETWORKS", "10.0.0.0/33"),
     ("MONITOR_MIN_POLL_INTERVAL", "0"), ("MONITOR_CONFIG", "/nowhere/monitor.toml"),
     ("MONITOR_REDIS_URL_FILE", "/nowhere/url"), ("MONITOR_DATA_DIR", "/dev/null/x")],
)  # fmt: skip
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """Exit 2 and the setting's name, also where it is only misspelt."""
    done = monitor("feeds", "list", env={name: value})
    assert done.returncode == 2
    assert name in said(done) or value in said(done)


@pytest.mark.parametrize("url", ["redis://user:hunter2@127.0.0.1:1/0", "bogus://user:hunter2@h", "redis://u:hunter2@["])
def test_a_store_that_is_not_there_is_told_without_its_password(url: str) -> None:
    """An unreachable or impossible MONITOR_REDIS_URL exits 2 and keeps the password to itself."""
    done = monitor("feeds", "list", env={"MONITOR_REDIS_URL": url})
    assert done.returncode == 2
    assert done.stderr
    assert b"hunter2" not in done.stdout + done.stderr


# ── check ──


def test_check_passes_good_rules(rules: Path) -> None:
    """Rules whose tests hold exit 0, as a folder, as a file and as the rules folder of the settings."""
    (rules / "tapir.yaml").write_text(
        RULE + "tests:\n- {story: {title: Tapir in the zoo}, expect: hit}\n- {story: fixtures/a.txt, expect: miss}\n"
    )
    (rules / "fixtures").mkdir()
    (rules / "fixtures" / "a.txt").write_text("A coati\n\nin the zoo\n")
    for args, env in (([rules], {}), ([rules / "tapir.yaml"], {}), ([], {"MONITOR_RULES_DIR": str(rules)})):
        done = monitor("check", *args, env=env)
        assert (done.returncode, done.stderr) == (0, b""), said(done)
    results = lines(monitor("check", "--json", rules))
    assert [(r["rule"], r["expected"], r["got"], r["passed"]) for r in results] == [
        ("tapir", "hit", "hit", True), ("tapir", "miss", "miss", True)
    ]  # fmt: skip


def test_check_reports_every_fault_with_its_place(rules: Path) -> None:
    """Exit 1, and each fault of each file as file:line:column on standard error; good files are still counted."""
    (rules / "a.yaml").write_text("id: a\nname: A\nquery: (tapir\nserverity: high\n")
    (rules / "b.yaml").write_text("id: b\nname: [\n")
    (rules / "c.yml").write_text('id: tapir\nname: C\nquery: "coati AND"\n')
    (rules / "d.yaml").write_bytes(b"id: d\nname: \xff\n")
    (rules / "e.yaml").write_text("")
    done = monitor("check", rules)
    assert done.returncode == 1
    for place in ("a.yaml:3:8:", "a.yaml:4:", "b.yaml:", "c.yml:3:15:", "d.yaml:", "e.yaml:"):
        assert place in said(done), (place, said(done))
    assert "1 rule" in done.stdout.decode()


def test_check_fails_where_a_rules_test_does(rules: Path) -> None:
    """A story that should hit and does not is exit 1, and so is a story file that is not there."""
    tests = "tests:\n- {story: {title: coati}, expect: hit}\n- {story: gone.txt, expect: miss}\n"
    (rules / "tapir.yaml").write_text(RULE + tests)
    done = monitor("check", "--json", rules)
    assert done.returncode == 1
    assert [(r["got"], r["passed"]) for r in lines(done)] == [("miss", False), ("error", False)]


@pytest.mark.parametrize("name", ["nowhere", "nowhere.yaml"])
def test_check_of_nothing_exits_2(tmp_path: Path, name: str) -> None:
    """A path that is not there could not be checked."""
    done = monitor("check", tmp_path / name)
    assert done.returncode == 2
    assert name in said(done)


HOSTILE = {
    "deep.yaml": "id: a\nquery: " + "[" * 50_000,
    "aliases.yaml": "a: &a [x]\nb: &b [*a,*a]\nid: z\nquery: *b\n",
    "tag.yaml": "id: a\nname: !!python/object:os.system x\nquery: tapir\n",
    "list.yaml": "- id: a\n  query: tapir\n- 3\n- {id: b}\n",
    "nul.yaml": "id: a\nquery: tap\0ir\n",
    "date.yaml": "id: a\nquery: tapir\nexpires: 2020-13-45\n",
    "end.yaml": "id: a\nquery: tapir\nexpires: '9999-12-31T23:59:59-23:59'\nlanguages: en\n",
    "deep.jsonl": "[" * 100_000 + "\n",
    "mixed.jsonl": '{"id": "a", "query": "tapir"}\n{"id": "a", "query": "again"}\nnot json\n[]\n{"id": 3}\n',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_check_survives_any_file(tmp_path: Path, name: str) -> None:
    """Deep, self-referring, tagged or half-broken files are faults (exit 1) that name the file, never a traceback."""
    (tmp_path / name).write_text(HOSTILE[name])
    done = monitor("check", tmp_path / name)
    assert done.returncode == 1, said(done)
    assert f"{name}:" in said(done)


# ── explain, on files ──


def test_explain_works_on_files(rules: Path, tmp_path: Path) -> None:
    """A rule file and a story file need no store: exit 0 for a match, 1 for none, 2 for a file that is not there."""
    (tmp_path / "hit.txt").write_text("A tapir\n\nin the zoo\n")
    (tmp_path / "miss.json").write_text(json.dumps({"title": "A coati", "body": "in the zoo"}))
    env = {"MONITOR_DATA_DIR": "/dev/null/none"}  # nothing may be stored
    hit = monitor("explain", rules / "tapir.yaml", tmp_path / "hit.txt", env=env)
    assert (hit.returncode, b"tapir" in hit.stdout) == (0, True), said(hit)
    miss = monitor("explain", "--json", rules / "tapir.yaml", tmp_path / "miss.json", env=env)
    assert (miss.returncode, [e["matched"] for e in lines(miss)]) == (1, [False])
    (tmp_path / "bad.yaml").write_text("id: bad\nquery: (tapir\n")
    bad = monitor("explain", tmp_path / "bad.yaml", tmp_path / "hit.txt", env=env)
    assert (bad.returncode, "bad.yaml:2:" in said(bad)) == (2, True)


def test_a_closed_pipe_is_no_fault(tmp_path: Path) -> None:
    """`monitor … | head -1` gives the first line and no traceback, for output that fits a pipe and that does not."""
    (tmp_path / "rules.jsonl").write_text(json.dumps({"id": "tapir", "name": "t", "query": "tapir"}) + "\n")
    (tmp_path / "stories.jsonl").write_text("".join(json.dumps(STORY | {"id": n}) + "\n" for n in range(3_000)))
    commands = ["match --rules rules.jsonl --stories stories.jsonl", "settings --json", "--help"]
    for command in commands:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", f'"$0" -m monitor {command} | head -1; exit ${{PIPESTATUS[1]}}',
             sys.executable],
            capture_output=True, cwd=tmp_path, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout.count(b"\n"), done.stderr) == (0, 1, b""), (command, done)


def test_commands_start_fast() -> None:
    """`--help` does not load the service: well under two seconds even on a busy machine."""
    started = time.monotonic()
    monitor("match", "--help")
    assert time.monotonic() - started < 2
