"""What is saved as a rule's test is read again as it was, whatever is in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model.story import Story
from monitor.rulebook.fixtures import read_fixtures, write_fixture
from monitor.rulebook.schema import SavedStory

AT = 1_770_000_000_123

ANY = st.text()
AWKWARD = st.lists(
    st.sampled_from([
        " ", "  ", "\t", "\n", "\n\n", "\r", "\r\n", "\x00", "\x07", "\x1b", "\x7f", "\x85", "\u2028",
        "\ufeff", "\ufffe", "\U0001f600", "\U0010ffff", ":", ": ", "#", " #", "- ", "---", "...", "\n---\n",
        "|", ">", "'", '"', "\\", "\\n", "%", "&a", "*a", "!t", "{", "}", "[", ",", "?", "@", "`", "=", "<<",
        "~", "null", "true", "no", "1", "é", "越南", "a", "word",
    ]),
    max_size=12,
).map("".join)  # fmt: skip
TEXTS = ANY | AWKWARD


def story(title: str, body: str, url: str | None = None, source: str | None = None) -> Story:
    """A stored story with these texts."""
    return Story(
        "push-1", "push", title, body, url, source, None, "no", (), AT, AT, backfill=False, link_key=None, text_key=""
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rules folder."""
    return tmp_path_factory.mktemp("rules")


@settings(max_examples=600, deadline=None)
@given(title=TEXTS, body=TEXTS, url=st.none() | TEXTS, source=st.none() | TEXTS)
def test_any_text_is_read_as_it_was_saved(
    folder: Path, title: str, body: str, url: str | None, source: str | None
) -> None:
    """Title, body, address and source come back character by character, by the reader of rule files and by any other
    YAML parser.
    """
    path = write_fixture(folder, "a", story(title, body, url, source), "miss", AT)
    (found,) = read_fixtures(folder, "a")
    assert found.story is not None, found.problem
    read = found.story
    assert (read.title, read.body, read.url, read.source) == (title, body, url, source)
    assert (read.rule, read.expect, read.language) == ("a", "miss", "no")
    for loader in (yaml.SafeLoader, yaml.CSafeLoader):
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - both are safe
        assert (raw["title"], raw["body"]) == (title, body)


@settings(max_examples=200, deadline=None)
@given(
    rule=st.from_regex(r"\A[a-z0-9][a-z0-9_-]{0,63}\Z") | st.sampled_from(["true", "null", "no", "1e3", "0x1f", "1_0"])
)
def test_any_id_of_a_rule_is_read_as_it_was_saved(folder: Path, rule: str) -> None:
    """Also one that YAML takes for something else."""
    write_fixture(folder, rule, story("A tapir", ""), "hit", AT)
    (found,) = read_fixtures(folder, rule)
    assert found.story == SavedStory(
        title="A tapir", language="no", rule=rule, expect="hit", published="2026-02-02T02:40:00.123Z"
    )  # fmt: skip
