"""The running service against its own OpenAPI description, by schemathesis."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

from tests.harness.servers import Receiver
from tests.harness.service import Service, eventually

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance"
)
EXAMPLES = 12
"""Fuzzed cases of one operation, besides the systematic ones."""


async def seeded(service: Service, receiver: Receiver) -> dict[str, list[str]]:
    """Ids by kind of things that are there: the first to look at and change, the second to delete."""
    ids: dict[str, list[str]] = {"feed": [], "rule": [], "story": [], "hit": [], "subscription": [], "delivery": []}
    for n in ("1", "2"):
        feed = await service.post("/v1/feeds", {"url": f"http://127.0.0.1:1/{n}", "enabled": False})
        rule = await service.post("/v1/rules", {"id": f"seed-{n}", "name": "Seed", "query": f"tapir{n}"})
        hook = {"type": "webhook", "url": f"{receiver.url}/{n}"}
        to = await service.post("/v1/subscriptions", {"name": n, "channel": hook, "rules": [f"seed-{n}"]})
        story = await service.post("/v1/stories", {"id": n, "title": f"A tapir{n}", "url": f"https://a.example/{n}"})
        for kind, made in (("feed", feed), ("rule", rule), ("subscription", to), ("story", story)):
            ids[kind].append(made["id"])

    async def delivered() -> bool:
        return len((await service.get("/v1/deliveries?state=sent"))["items"]) == 2

    await eventually(delivered, what="two deliveries")
    ids["hit"] = [h["id"] for h in (await service.get("/v1/hits"))["items"]]
    ids["delivery"] = [d["id"] for d in (await service.get("/v1/deliveries"))["items"]]
    return ids


def config(ids: dict[str, list[str]]) -> str:
    """Schemathesis' settings: paths name what exists, so that answers of success are seen too."""
    lines = ["[parameters]", *(f'"path.{kind}" = "{first}"' for kind, (first, _) in ids.items()), '"path.version" = 1']
    lines.append('"query.rule" = "seed-1"')
    for kind in ("feed", "rule", "subscription"):
        lines += [
            "[[operations]]",
            f'include-path = "/v1/{kind}s/{{{kind}}}"',
            'include-method = "DELETE"',
            f'parameters = {{ "path.{kind}" = "{ids[kind][1]}" }}',
        ]
    return "\n".join(lines)


async def test_every_answer_is_as_described(service: Service, receiver: Receiver, tmp_path: Path) -> None:
    """Right and wrong requests to every operation get no 5xx, no undocumented status or type, and bodies that hold
    to their schema.

    The API runs alone while it is tried: nothing is polled or delivered to the addresses that are made up.
    """
    service.args = ("--role", "match", "--role", "deliver", "--role", "api")
    await service.start()
    ids = await seeded(service, receiver)
    assert await service.stop() == 0
    service.args = ("--role", "api")
    await service.start()
    (tmp_path / "schemathesis.toml").write_text(config(ids))
    key = (service.data_dir / "admin.key").read_text().strip()
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{service.url}/openapi.json", "--checks", CHECKS,
        "--header", f"Authorization: Bearer {key}", "--phases", "examples,coverage,fuzzing", "--mode", "all",
        "--max-examples", str(EXAMPLES), "--seed", "7", "--generation-deterministic",
        "--continue-on-failure", "--no-shrink", "--suppress-health-check", "all", "--warnings", "off", "--no-color",
        "--request-timeout", "20", "--report", "json", "--report-json-path", str(tmp_path / "report.json"),
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, stdout=PIPE, stderr=STDOUT)
    assert process.stdout
    output = (await process.stdout.read()).decode()
    code = await process.wait()
    assert code == 0, output[-12_000:]
    report = json.loads((tmp_path / "report.json").read_text())
    described = (await service.get("/openapi.json"))["paths"]
    assert report["operations"]["tested"] == sum(len(methods) for methods in described.values())
    assert report["test_cases"]["generated"] > 1000
    # Not vacuous: nearly every operation was seen to succeed, not only to refuse.
    refused = {
        name for name, phases in report["valid_rates"].items() if not sum(p["accepted"] for p in phases.values())
    }
    made_up = {"POST /v1/feeds:import", "POST /v1/rules/{rule}:save-story"}
    assert refused <= made_up, "made-up text is no OPML and names no story; everything else takes some of it"
