"""Transactions with mail servers that play a script, and with a real one: which of six things each came to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from monitor.delivery import smtp
from monitor.delivery.smtp import Mailbox, parse_smtp_url
from monitor.model.delivery import Attempt
from monitor.policy.retry import Answer, Verdict
from monitor.store import codec
from tests.harness.mail import Postbox, ScriptedMailServer

SENT, TRANSIENT, PERMANENT = Verdict.SENT, Verdict.TRANSIENT, Verdict.PERMANENT
GONE, UNKNOWN, OURS = Verdict.GONE, Verdict.UNKNOWN, Verdict.OURS
FROM, TO = "monitor@news.example", "desk@example.org"
MESSAGE = b"Subject: Hanoi\r\n\r\nA line.\r\n"


@pytest.fixture
async def server() -> AsyncIterator[ScriptedMailServer]:
    async with ScriptedMailServer() as made:
        yield made


async def attempt(server: ScriptedMailServer | Postbox, options: str = "?starttls=never", user: str = "") -> Answer:
    """One attempt on a connection of its own."""
    mailbox = Mailbox(parse_smtp_url(f"smtp://{user}127.0.0.1:{server.port}{options}"))
    try:
        return await mailbox.send("s1-ab", FROM, TO, MESSAGE)
    finally:
        await mailbox.close()


# ── what an answer comes to ──

ANYWHERE = ("MAIL", "RCPT", "DATA", ".")
RULINGS: list[tuple[str, bytes, Verdict]] = [
    (".", b"250 2.0.0 OK queued as 4711", SENT),
    *((at, f"{n} try later".encode(), TRANSIENT) for at in ANYWHERE for n in (421, 450, 451, 452)),
    *((at, f"{code} 5.7.1 no".encode(), PERMANENT) for at in ANYWHERE for code in (550, 552, 554)),
    # There is no such mailbox: in one line or more, whoever says so when.
    *((at, b"550 5.1.1 no such user here", GONE) for at in ("RCPT", "DATA", ".")),
    ("RCPT", b"550-5.1.1 The account that you tried to reach\r\n550-5.1.1 does not exist.\r\n550 5.1.1 Bye", GONE),
    ("RCPT", b"550 5.1.1 <DESK@EXAMPLE.ORG>: RECIPIENT ADDRESS REJECTED", GONE),
    ("RCPT", b"550 5.1.1 <desk@example.org>: recipient address rejected", GONE),
    ("RCPT", b"550  5.1.1 two blanks", GONE),
    ("RCPT", b"550 5.1.1", GONE),
    ("RCPT", b"550 #5.1.1 as some appliances write it", GONE),
    ("RCPT", b"550 5.1.2 no such domain", GONE),
    ("RCPT", b"550 5.1.3 bad address", GONE),
    ("RCPT", b"551 5.1.6 moved", GONE),
    ("RCPT", b"556 5.1.10 takes no mail", GONE),
    ("RCPT", b"450 4.1.1 not yet known", TRANSIENT),
    ("RCPT", b"550 5.10.1 is another thing", PERMANENT),
    ("RCPT", b"550 5.1.11 is another thing", PERMANENT),
    ("RCPT", b"550 no such user here", PERMANENT),  # a guess would switch people off
    ("RCPT", b"550 see RFC 5.1.1", PERMANENT),
    # 5.1.7 and 5.1.8 are about the sender: ours. No reader may be switched off for it. Postfix says so after RCPT.
    *((at, b"550 5.1.8 Sender address rejected: Domain not found", PERMANENT) for at in ("MAIL", "RCPT")),
    *((at, b"553 5.1.7 bad sender", PERMANENT) for at in ("MAIL", "RCPT")),
    ("MAIL", b"550 5.1.1 nobody at all", PERMANENT),
    # Our own way out: the operator can mend it.
    *((at, b"530 5.7.0 Authentication required", OURS) for at in ("MAIL", "RCPT")),
    ("MAIL", b"530 5.7.0 Must issue a STARTTLS command first", OURS),
    ("EHLO", b"550 5.7.1 your address is on a list", OURS),
    ("CONNECT", b"554 5.7.1 no service for you", OURS),
    ("CONNECT", b"421 too busy", OURS),
    ("CONNECT", b"nonsense", OURS),
    # The server took the message and says so in its own way; or nobody knows what it says.
    (".", b"250", SENT),
    (".", b"251 2.1.5 will forward", UNKNOWN),
    (".", b"whatever", UNKNOWN),
    ("RCPT", b"251 2.1.5 will forward", SENT),
    ("MAIL", b"nonsense", TRANSIENT),
]  # fmt: skip


@pytest.mark.parametrize(("at", "reply", "verdict"), RULINGS)
async def test_an_answer_is_judged(server: ScriptedMailServer, at: str, reply: bytes, verdict: Verdict) -> None:
    """Each answer at each point of a transaction comes to one verdict, and is shown with its code."""
    server.replies[at] = [reply] if at in ("EHLO", "CONNECT") else reply
    if at == "EHLO":
        server.replies["HELO"] = reply
    answer = await attempt(server)
    assert answer.verdict is verdict, answer
    assert len(server.mails) == (verdict is SENT)
    assert (answer.error is None) == (verdict is SENT)
    if reply[:3].isdigit() and verdict is not UNKNOWN:
        expected = 250 if at == "RCPT" and verdict is SENT else int(reply[:3])
        assert answer.status == expected
        if answer.error is not None:
            assert str(expected) in answer.error
            assert reply.decode().rpartition(" ")[2] in answer.error
    assert server.verbs["DATA"] == (
        0 if at in ("CONNECT", "EHLO", "MAIL") or (at == "RCPT" and verdict is not SENT) else 1
    )


@pytest.mark.parametrize("at", ["CONNECT", "EHLO", "MAIL", "RCPT"])
async def test_a_hang_up_before_the_message_is_transient(server: ScriptedMailServer, at: str) -> None:
    """A connection that ends before DATA was sent has taken nothing; without a greeting it was none at all."""
    server.replies[at] = None
    if at == "EHLO":
        server.replies["HELO"] = None
    answer = await attempt(server)
    assert (answer.verdict, answer.status) == (OURS if at == "CONNECT" else TRANSIENT, None)
    assert answer.error
    assert server.verbs["DATA"] == 0


@pytest.mark.parametrize("at", ["DATA", "BODY", "."])
async def test_a_hang_up_after_data_is_unknown(server: ScriptedMailServer, at: str) -> None:
    """From DATA on the server may have the mail: a state of its own, that says what happened."""
    server.replies[at] = None
    answer = await attempt(server)
    assert (answer.verdict, answer.status) == (UNKNOWN, None)
    assert "may have the mail" in str(answer.error)


async def test_no_answer_to_the_dot_is_unknown(server: ScriptedMailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that swallows the message and stays silent past the deadline may have it."""
    monkeypatch.setattr(smtp, "DATA_TIMEOUT", 0.2)

    async def silence() -> bytes:
        await asyncio.sleep(30)
        return b"250 at last"

    server.replies["."] = silence
    assert (await attempt(server)).verdict is UNKNOWN


async def test_a_silent_server_is_given_up_on(server: ScriptedMailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that accepts connections and never greets costs the connect deadline, and is tried again."""
    monkeypatch.setattr(smtp, "CONNECT_TIMEOUT", 0.2)

    async def silence() -> bytes:
        await asyncio.sleep(30)
        return b"220 hello"

    server.replies["CONNECT"] = silence
    assert (await attempt(server)).verdict is OURS


async def test_a_slow_server_is_waited_for(server: ScriptedMailServer) -> None:
    """An answer to the dot that takes its time is the answer."""

    async def slowly() -> bytes:
        await asyncio.sleep(0.3)
        return b"250 2.0.0 at last"

    server.replies["."] = slowly
    answer = await attempt(server)
    assert (answer.verdict, answer.response) == (SENT, "2.0.0 at last")
    assert answer.latency_ms >= 300


async def test_nobody_listens() -> None:
    """A closed port and a name that does not exist are no reader's fault, and say where the mail was to go."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port = made.getsockname()[1]
    for url in (f"smtp://127.0.0.1:{port}", "smtp://no-such-host.invalid:25"):
        mailbox = Mailbox(parse_smtp_url(url))
        answer = await mailbox.send("s1-ab", FROM, TO, MESSAGE)
        assert (answer.verdict, answer.status) == (OURS, None)
        assert parse_smtp_url(url).host in str(answer.error)


@pytest.mark.parametrize("at", ["MAIL", "RCPT", "."])
@pytest.mark.parametrize(
    "text",
    ["Fach für Jürgen ist voll 📬".encode(), "Boîte pleine".encode("latin-1"), b"\xff\xfe\x00", "é".encode() + b"\xe9"],
    ids=["utf-8", "latin-1", "noise", "both"],
)
@pytest.mark.parametrize("code", [b"250", b"452", b"550"])
async def test_answers_in_any_encoding_can_be_kept(
    server: ScriptedMailServer, at: str, text: bytes, code: bytes
) -> None:
    """Whatever bytes a server answers with, the attempt can be stored: else the mail would go out for ever."""
    server.replies[at] = code + b" " + text
    answer = await attempt(server)
    kept = Attempt(1, "sent", answer.status, answer.latency_ms, answer.response, answer.error)
    assert codec.ATTEMPT.load(codec.ATTEMPT.dump(kept)) == kept
    assert b"\xed" not in f"{answer.response}{answer.error}".encode()
    assert answer.status == int(code)
    if "Jürgen".encode() in text and (code != b"250" or at == "."):
        assert "Jürgen" in answer.response


async def test_a_long_answer_is_cut(server: ScriptedMailServer) -> None:
    """A server that lectures does not fill the store with it; the first words stay."""
    server.replies["RCPT"] = b"\r\n".join([b"550-5.7.1 " + b"x" * 900] * 20) + b"\r\n550 5.7.1 end"
    answer = await attempt(server)
    assert answer.verdict is PERMANENT
    assert answer.response.startswith("5.7.1 xxx")
    assert len(answer.response) <= 1_000
    assert len(answer.error or "") <= 1_100


# ── what is said to the server ──


async def test_a_transaction_says_what_it_should(server: ScriptedMailServer) -> None:
    """One sender, one recipient, one message; a greeting and a goodbye."""
    assert (await attempt(server)).verdict is SENT
    assert [c for c in server.commands if not c.startswith("EHLO ")] == [
        f"MAIL FROM:<{FROM}>", f"RCPT TO:<{TO}>", "DATA", "QUIT",
    ]  # fmt: skip
    (mail,) = server.mails
    assert (mail.sender, mail.to, mail.content) == (FROM, TO, MESSAGE)


@pytest.mark.parametrize(
    "body",
    [
        b".\r\n",
        b"..\r\n",
        b".QUIT\r\n",
        b"a\r\n.\r\nMAIL FROM:<x@y.z>\r\n",
        b"x\r\n\r\n.\r\n.\r\n..\r\n...end\r\n",
        b"no newline",
    ],
)
async def test_dots_are_stuffed(server: ScriptedMailServer, body: bytes) -> None:
    """A line that begins with a dot neither ends the message nor loses its dot, with either kind of server."""
    message = b"Subject: dots\r\n\r\n" + body
    mailbox = Mailbox(parse_smtp_url(server.url))
    assert (await mailbox.send("s1-ab", FROM, TO, message)).verdict is SENT
    await mailbox.close()
    async with Postbox() as postbox:
        mailbox = Mailbox(parse_smtp_url(postbox.url))
        assert (await mailbox.send("s1-ab", FROM, TO, message)).verdict is SENT
        await mailbox.close()
    ended = message if message.endswith(b"\r\n") else message + b"\r\n"
    assert [m.content for m in (*server.mails, *postbox.mails)] == [ended, ended]
    assert server.verbs["MAIL"] == 1


@pytest.mark.parametrize(
    "to",
    [
        "x@y.example>\r\nRCPT TO:<smuggled@y.example",
        "x smuggled@y.example",
        "x@y.example> NOTIFY=smuggled",
        "x@y.example\nsmuggled",
        "smuggled\ud800@y.example",
    ],
)
async def test_an_address_cannot_smuggle_commands(server: ScriptedMailServer, to: str) -> None:
    """What hides behind an address is not said to the server, and the connection is fit for the next mail."""
    mailbox = Mailbox(parse_smtp_url(server.url))
    await mailbox.send("s1-ab", FROM, to, MESSAGE)
    assert not [c for c in server.commands if "smuggled" in c]
    assert server.verbs["RCPT"] <= 1
    assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE)).verdict is SENT
    await mailbox.close()
