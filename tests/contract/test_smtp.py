"""Transactions with mail servers that play a script, and with a real one: which of six things each came to."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from monitor.delivery import smtp
from monitor.delivery.smtp import Mailbox, Server, parse_smtp_url
from monitor.errors import ConfigurationError
from monitor.model.delivery import Attempt
from monitor.policy.retry import Answer, Verdict
from monitor.store import codec
from tests.conftest import need
from tests.harness.mail import Postbox, ScriptedMailServer, server_tls

SENT, TRANSIENT, PERMANENT = Verdict.SENT, Verdict.TRANSIENT, Verdict.PERMANENT
GONE, UNKNOWN, OURS = Verdict.GONE, Verdict.UNKNOWN, Verdict.OURS
FROM, TO = "monitor@news.example", "desk@example.org"
MESSAGE = b"Subject: Hanoi\r\n\r\nA line.\r\n"
PASSWORD = "correct horse/battery"


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


# ── connections that are kept ──


async def test_two_mails_go_over_one_connection(server: ScriptedMailServer) -> None:
    """The second mail needs no greeting; it is preceded by a reset."""
    mailbox = Mailbox(parse_smtp_url(server.url))
    for n in range(3):
        assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE + b"%d\r\n" % n)).verdict is SENT
    await mailbox.close()
    assert (server.connections, len(server.mails), server.verbs["RSET"], server.verbs["QUIT"]) == (1, 3, 2, 1)
    assert len({m.content for m in server.mails}) == 3


async def test_a_connection_that_the_server_closed_meanwhile_costs_nothing(server: ScriptedMailServer) -> None:
    """The next mail goes out over a new one, once; whether the end was seen, or comes as the answer to RSET."""
    mailbox = Mailbox(parse_smtp_url(server.url))
    assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE)).verdict is SENT
    server.hang_up()
    assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE)).verdict is SENT
    for farewell in (b"421 4.4.2 idle for too long", None):
        server.replies["RSET"] = [farewell, b"250 OK"]
        assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE)).verdict is SENT
    await mailbox.close()
    assert (server.connections, len(server.mails)) == (4, 4)


async def test_an_idle_connection_is_not_trusted_for_long(
    server: ScriptedMailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while a new one is made, and the old one closed."""
    monkeypatch.setattr(smtp, "IDLE_SECONDS", 0.0)
    mailbox = Mailbox(parse_smtp_url(server.url))
    for _ in range(2):
        assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE)).verdict is SENT
    await mailbox.close()
    assert (server.connections, server.verbs["RSET"]) == (2, 0)


async def test_a_refused_mail_leaves_the_connection_to_the_next(server: ScriptedMailServer) -> None:
    """A bad recipient spoils nothing for the mail that follows on the same connection."""
    server.replies["RCPT"] = [b"550 5.1.1 nobody", b"250 OK"]
    mailbox = Mailbox(parse_smtp_url(server.url))
    assert (await mailbox.send("s1-ab", FROM, "nobody@example.org", MESSAGE)).verdict is GONE
    assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE)).verdict is SENT
    await mailbox.close()
    assert server.connections == 1
    assert [m.to for m in server.mails] == [TO]


@pytest.mark.parametrize("at", ["MAIL", "RCPT", "DATA", "."])
async def test_an_attempt_that_is_cancelled_leaves_no_half_open_transaction(
    server: ScriptedMailServer, at: str
) -> None:
    """Its connection is closed: answers that come late would be taken for those of the next mail."""
    reached, release = asyncio.Event(), asyncio.Event()

    async def hold() -> bytes:
        reached.set()
        await release.wait()
        return b"354 go ahead" if at == "DATA" else b"250 late"

    server.replies[at] = [hold, b"354 go ahead" if at == "DATA" else b"250 OK"]
    mailbox = Mailbox(parse_smtp_url(server.url))
    first = asyncio.create_task(mailbox.send("s1-ab", FROM, TO, MESSAGE + b"first\r\n"))
    await reached.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    release.set()
    answer = await mailbox.send("s1-ab", FROM, TO, MESSAGE + b"second\r\n")
    assert (answer.verdict, server.connections) == (SENT, 2)
    async with asyncio.timeout(5):
        while len(server.open) > 1:
            await asyncio.sleep(0.01)
    await mailbox.close()
    assert sum(m.content.endswith(b"second\r\n") for m in server.mails) == 1


async def test_many_at_once_keep_few_connections(server: ScriptedMailServer) -> None:
    """Twenty mails at once arrive, each once; afterwards at most a handful of connections stay open."""
    mailbox = Mailbox(parse_smtp_url(server.url))
    answers = await asyncio.gather(*(mailbox.send("s1-ab", FROM, f"r{n}@example.org", MESSAGE) for n in range(20)))
    assert {a.verdict for a in answers} == {SENT}
    assert sorted(m.to for m in server.mails) == sorted(f"r{n}@example.org" for n in range(20))
    async with asyncio.timeout(5):
        while len(server.open) > smtp.MOST_IDLE:
            await asyncio.sleep(0.01)
    await mailbox.close()


# ── login and TLS ──

LOGIN = f"desk:{PASSWORD.replace('/', '%2F').replace(' ', '%20')}@"


def nobody_reads(answer: Answer) -> None:
    """The answer shows neither the password nor its base64."""
    shown = f"{answer}"
    for secret in (
        PASSWORD,
        PASSWORD.split("/", maxsplit=1)[0],
        "Y29ycmVjdCBob3JzZS9iYXR0ZXJ5",
        "AGRlc2sAY29ycmVjdCBob3JzZS9iYXR0ZXJ5",
    ):
        assert secret not in shown


async def test_a_refused_login_is_ours_and_says_so(server: ScriptedMailServer) -> None:
    """535 is the operator's to mend: the mail waits, and the error names the login, not the password."""
    server.replies["EHLO"] = b"250-mail.example\r\n250 AUTH PLAIN"
    server.replies["AUTH"] = b"535 5.7.8 credentials invalid"
    answer = await attempt(server, user=LOGIN)
    assert (answer.verdict, answer.status) == (OURS, 535)
    assert "Authentication" in str(answer.error)
    assert "credentials invalid" in str(answer.error)
    assert server.verbs["MAIL"] == 0
    nobody_reads(answer)


@pytest.mark.parametrize("options", ["", "?starttls=always"])
async def test_a_password_never_goes_in_clear_text(server: ScriptedMailServer, options: str) -> None:
    """A server that offers no STARTTLS gets neither login nor mail, and the error says what can be done."""
    server.replies["EHLO"] = b"250-mail.example\r\n250 AUTH PLAIN LOGIN"
    answer = await attempt(server, options, user=LOGIN)
    assert answer.verdict is OURS
    assert "STARTTLS" in str(answer.error)
    assert "starttls=never" in str(answer.error)
    assert (server.verbs["AUTH"], server.verbs["MAIL"]) == (0, 0)
    nobody_reads(answer)


async def test_without_a_password_tls_is_optional(server: ScriptedMailServer) -> None:
    """A server on loopback that offers no STARTTLS is used as it is."""
    assert (await attempt(server, "")).verdict is SENT


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A self-signed certificate for localhost and its key."""
    folder: Path = tmp_path_factory.mktemp("tls")
    made = (str(folder / "cert.pem"), str(folder / "key.pem"))
    try:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-out", made[0], "-keyout", made[1]],
            check=True, capture_output=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        need("openssl, which makes a certificate for TLS")
    return made


def lets_in(_server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
    """The one user and password."""
    good = isinstance(data, LoginPassword) and data == LoginPassword(b"desk", PASSWORD.encode())
    return AuthResult(success=good, handled=False)


async def test_login_under_starttls(certificate: tuple[str, str]) -> None:
    """With a password TLS is begun first; the certificate is checked unless the user says otherwise."""
    async with Postbox(tls_context=server_tls(*certificate), authenticator=lets_in, auth_required=True) as postbox:
        refused = await attempt(postbox, "", user=LOGIN)
        assert refused.verdict is OURS
        assert "certificate" in str(refused.error).lower()
        assert postbox.mails == []
        nobody_reads(refused)
        assert (await attempt(postbox, "?verify=none", user=LOGIN)).verdict is SENT
        wrong = await attempt(postbox, "?verify=none", user="desk:wrong@")
        assert (wrong.verdict, wrong.status) == (OURS, 535)
        missing = await attempt(postbox, "?verify=none")
        assert (missing.verdict, missing.status) == (OURS, 530)
    assert len(postbox.mails) == 1


async def test_tls_from_the_first_byte(certificate: tuple[str, str]) -> None:
    """Smtps speaks TLS at once; to a server that does not, the failure is not the reader's."""

    class Secure(Postbox):
        async def _listen(self) -> asyncio.Server:
            from aiosmtpd.smtp import SMTP

            loop, context = asyncio.get_running_loop(), server_tls(*certificate)
            return await loop.create_server(lambda: SMTP(self), "127.0.0.1", self.port, ssl=context)

    async with Secure() as postbox:
        mailbox = Mailbox(parse_smtp_url(f"smtps://127.0.0.1:{postbox.port}?verify=none"))
        assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE)).verdict is SENT
        await mailbox.close()
        strict = await Mailbox(parse_smtp_url(f"smtps://127.0.0.1:{postbox.port}")).send("s1-ab", FROM, TO, MESSAGE)
        assert strict.verdict is OURS
    assert len(postbox.mails) == 1
    async with Postbox() as plain:
        answer = await Mailbox(parse_smtp_url(f"smtps://127.0.0.1:{plain.port}")).send("s1-ab", FROM, TO, MESSAGE)
        assert answer.verdict is OURS
        assert answer.error


# ── the server's address ──


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", Server("mail.example", 25, False, None, True)),
        ("smtp://mail.example/", Server("mail.example", 25, False, None, True)),
        ("smtp://mail.example:2525", Server("mail.example", 2525, False, None, True)),
        ("SMTP://Mail.Example", Server("mail.example", 25, False, None, True)),
        ("smtps://mail.example", Server("mail.example", 465, True, False, True)),
        ("smtps://mail.example:1465?verify=none", Server("mail.example", 1465, True, False, False)),
        ("smtp://[::1]:25", Server("::1", 25, False, None, True)),
        ("smtp://mail.example?starttls=never", Server("mail.example", 25, False, False, True)),
        ("smtp://mail.example?starttls=always&verify=none", Server("mail.example", 25, False, True, False)),
        ("smtp://desk:secret@mail.example", Server("mail.example", 587, False, True, True, "desk", "secret")),
        ("smtp://desk:secret@mail.example?starttls=never",
         Server("mail.example", 587, False, False, True, "desk", "secret")),
        ("smtp://desk%40example.org:a%2Fb%3Ac%40d%25%23%3F@mail.example:25",
         Server("mail.example", 25, False, True, True, "desk@example.org", "a/b:c@d%#?")),
        ("smtp://desk@example.org:a@b@mail.example",
         Server("mail.example", 587, False, True, True, "desk@example.org", "a@b")),
        ("smtp://desk:p%C3%A4ss%20w%2Brd+@mail.example",
         Server("mail.example", 587, False, True, True, "desk", "päss w+rd+")),
        ("smtps://apikey:SG.x-y_z@mail.example", Server("mail.example", 465, True, False, True, "apikey", "SG.x-y_z")),
    ],
)  # fmt: skip
def test_a_servers_address_is_read(url: str, server: Server) -> None:
    """Ports and TLS have the defaults of their kind; user and password may be percent-encoded."""
    assert parse_smtp_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        *("", "mail.example", "mail.example:25", "//mail.example", "smtp:mail.example", "smtp://", "smtp://:25", "http://x"),
        *("smtp://mail.example/inbox", "smtp://mail.example:port", "smtp://mail.example:99999", "smtp://mail.example:0"),
        *("smtp://mail.example?starttls=maybe", "smtp://mail.example?tls=1", "smtp://mail.example?starttls", "smtp://[::1"),
        *("smtp://mail.example?verify=never", "smtp://mail.example#x", "smtp://ma il.example", "smtp://mail.example\r\nX"),
        *("smtp://:hunter2@mail.example", "smtp://hunter2@mail.example"),
        # Passwords with characters that have to be written in percent.
        *("smtp://desk:hunter2/x@mail.example:587", "smtp://desk:hunter2#x@mail.example", "smtp://desk:hunter2?x=1@mail.example"),
        *("smtp://desk:25?hunter2=x@mail.example", "smtp://desk:25#hunter2@mail.example", "smtp://desk:25/hunter2@mail.example"),
        *("smtp://desk:25?starttls=hunter2@mail.example", "smtp://desk:hunter2[@mail.example", "smtp://desk:hunter2%FF@mail.example"),
    ],
)  # fmt: skip
def test_a_wrong_address_is_refused_without_the_password(url: str) -> None:
    """The error names the setting and shows how to write it; nothing of the password is in it, nor in its cause."""
    with pytest.raises(ConfigurationError, match="MONITOR_SMTP_URL") as caught:
        parse_smtp_url(url)
    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in f"{error!r} {error}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert "smtp://user:password@host:587" in str(caught.value)


def test_a_server_does_not_show_its_password() -> None:
    """What is logged or printed by mistake has no secret in it."""
    assert "secret" not in repr(parse_smtp_url("smtp://desk:secret@mail.example"))
