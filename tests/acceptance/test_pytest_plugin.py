"""Rules under pytest, in a project of their own: what is collected, what fails and how it reads."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.pytest_plugin import looks_like_rules

RULE = """\
id: tapir
name: Tapirs
query: >-
  tapir
  AND zoo
tests:
  - story: {title: A tapir in the zoo}
    expect: hit
  - story: {title: A coati in the zoo}
    expect: miss
"""
SAVED = "rule: tapir\nexpect: hit\ntitle: A tapir\nbody: At the zoo.\n"
STRICT = """\
[tool.pytest.ini_options]
filterwarnings = ["error"]
addopts = ["--strict-markers", "--strict-config"]
asyncio_default_fixture_loop_scope = "function"
"""


class Project:
    """A folder with files, and pytest run in it as its owner would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("pyproject.toml", STRICT)

    def write(self, name: str, text: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        """A run with every installed plugin but this run's own; the order is that of the files."""
        command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", "--no-header", *args]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)

    def collected(self) -> list[str]:
        """The ids of all items."""
        done = self.run("--collect-only", "-q")
        assert done.returncode in (0, 5), done.stdout + done.stderr
        return [line for line in done.stdout.splitlines() if "::" in line]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project whose warnings are errors."""
    return Project(tmp_path)


def test_each_test_and_each_saved_story_is_an_item(project: Project) -> None:
    """They are named by rule and story, can be chosen by it, and pass; rules without tests give nothing."""
    project.write("rules/tapir.yaml", RULE)
    project.write("rules/fixtures/tapir/push-1.yaml", SAVED)
    project.write("rules/more.yml", "- id: coati\n  query: coati\n- id: mara\n  query: mara\n")
    assert project.collected() == [
        "rules/tapir.yaml::tapir::test 1: A tapir in the zoo",
        "rules/tapir.yaml::tapir::test 2: A coati in the zoo",
        "rules/tapir.yaml::tapir::push-1",
    ]
    done = project.run("-q")
    assert (done.returncode, "3 passed" in done.stdout) == (0, True), done.stdout
    chosen = project.run("-q", "rules/tapir.yaml::tapir::push-1")
    assert "1 passed" in chosen.stdout
    assert "3 passed" in project.run("-q", "rules/tapir.yaml::tapir").stdout
    assert "1 passed, 2 deselected" in project.run("-q", "-k", "coati").stdout
    assert project.run("-q", "-p", "randomly", "-n", "2").returncode == 0


def test_a_failure_is_a_short_report(project: Project) -> None:
    """Place, story, expectation, outcome, reason and query; no traceback; the others go on."""
    project.write("rules/tapir.yaml", "# about tapirs\n" + RULE)
    project.write("rules/fixtures/tapir/push-1.yaml", SAVED.replace("expect: hit", "expect: miss"))
    project.write("rules/fixtures/tapir/push-2.yaml", SAVED.replace("rule: tapir", "rule: coati"))
    done = project.run()
    assert done.returncode == 1
    assert "2 failed, 2 passed" in done.stdout, done.stdout
    report = """\
rules/tapir.yaml:2: the rule 'tapir' fails a test
  story     push-1
  expected  miss
  got       hit
  why       matched: tapir, zoo
  query     tapir AND zoo
"""
    assert report in done.stdout
    assert "is of the rule 'coati'" in done.stdout
    assert "Traceback" not in done.stdout
    assert "pytest_plugin.py" not in done.stdout


def test_a_rule_file_with_problems_fails(project: Project) -> None:
    """One item with every problem's place; the file's good rules are run beside it."""
    project.write("rules/bad.yaml", "id: a\nquery: (tapir\nqeury: x\n")
    project.write("rules/mixed.yaml", f"{RULE}---\nid: b\nquery: tapir AND\n")
    project.write("rules/broken.yaml", "id: c\nquery: tapir\ntests: [\n")
    project.write("rules/bytes.yaml", b"id: d\nquery: \xff\n")
    done = project.run()
    assert "4 failed, 2 passed" in done.stdout, done.stdout
    for place in (
        "rules/bad.yaml:2:8: ",
        "rules/bad.yaml:3:8: ",
        "rules/mixed.yaml:13:",
        "rules/broken.yaml:4:1: ",
        "rules/bytes.yaml:1:1: not UTF-8",
    ):
        assert place in done.stdout, place
    assert "Traceback" not in done.stdout
    assert "FAILED rules/bad.yaml::loads" in done.stdout


OTHERS = {
    "docker-compose.yml": "services:\n  web:\n    image: x\n    id: y\n    query: z\n",
    ".github/workflows/ci.yml": "id: a\nquery: (\n",
    ".hidden.yaml": "id: a\nquery: (\n",
    "fixtures/tapir/story.yaml": "id: a\nquery: (\n",
    "tests/fixtures/deep/a.yaml": "id: a\nquery: (\n",
    "k8s.yaml": "apiVersion: v1\nkind: ConfigMap\ndata:\n  a.yaml: |\n    id: a\n    query: (\n---\nkind: Other\n",
    "playbook.yml": "- hosts: all\n  tasks:\n    - name: x\n      id: 3\n      query: SELECT\n",
    "panels.yaml": "panels:\n- id: 3\n  query: up\n",
    "only-id.yaml": "id: a\nname: b\n",
    "only-query.yaml": "query: a\n",
    "commented.yaml": "# id: a\n# query: (\nname: x\n",
    "words.yaml": "id and query are words\n",
    "empty.yaml": "",
    "comment.yaml": "# nothing\n---\n",
    "bytes.yaml": b"\xff\xfe\x00\x01",
    "rules.json": '{"id": "a", "query": "("}\n',
}


def test_other_files_are_left_alone(project: Project) -> None:
    """Whatever YAML a project has, only rules are tests; links that lead nowhere harm nothing."""
    for name, text in OTHERS.items():
        project.write(name, text)
    (project.folder / "gone.yaml").symlink_to("nowhere.yaml")
    project.write("test_a.py", "def test_a():\n    pass\n")
    assert project.collected() == ["test_a.py::test_a"]
    assert project.run("-q").returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        "id: a\nquery: b\n",
        "name: x\n\nquery: |\n  b\nid : a\n",
        "# c\n---\n\"id\": a\n'query': b\n",
        "- id: a\n  query: b\n",
        "  - query: b\n    id: a\n",
        "-   name: x\n    id: a\n    query: b\n",
        "  id: a\n  query: b\n",
        "name: x\n---\nid: a\nquery: [broken\n",
        "%YAML 1.1\n---\nid: a\nquery: b\n",
    ],
)
def test_rules_are_known_by_their_fields(text: str) -> None:
    """In a mapping, a list or several documents, in any order, and although the rest may be broken."""
    assert looks_like_rules(text)


def test_pytest_elsewhere_pays_nothing(project: Project) -> None:
    """Where no rule file is, nothing of the service is loaded but the plugin itself."""
    project.write("a.yaml", "services: {}\n")
    project.write(
        "test_a.py",
        "import sys\n\ndef test_a():\n"
        "    assert {m for m in sys.modules if m.split('.')[0] == 'monitor'} == {'monitor', 'monitor.pytest_plugin'}\n"
        "    assert 'pydantic' not in sys.modules\n",
    )
    done = project.run("-q", "-p", "no:hypothesispytest", "-p", "no:schemathesis")
    assert done.returncode == 0, done.stdout
    assert not re.search("warning", done.stdout)
