"""The address of the mail server: what it may say, and that no error and no log shows its password."""

from __future__ import annotations

import pytest

from monitor.delivery.smtp import Server, parse_smtp_url
from monitor.errors import ConfigurationError


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
