"""Standard Webhooks signatures, checked against the known vector and the reference library."""

from __future__ import annotations

import json
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from monitor.delivery.signature import PREFIX, SECRET_BYTES, headers, make_secret, sign

SECRET = make_secret(bytes(range(SECRET_BYTES)))
OLD = make_secret(bytes(range(100, 100 + SECRET_BYTES)))


def test_the_known_vector() -> None:
    """The example of the specification gives the signature of the specification."""
    signed = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "text",
    [
        "Żółw jedzie do Łodzi",
        "日本の首相がハノイを訪問",
        "🚀 emoji 👩‍👩‍👧 and \u202e marks",
        'quotes " and \\ and \n',
        "",
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_reference_library_verifies_any_body(text: str, ascii_only: bool) -> None:
    """The exact bytes are signed, escaped or not, whatever the language."""
    body = json.dumps({"title": text}, ensure_ascii=ascii_only).encode()
    sent = headers([SECRET], "d-1", int(time.time()), body)
    assert Webhook(SECRET).verify(body, sent) == {"title": text}


@pytest.mark.parametrize("changed", ["body", "webhook-id", "webhook-timestamp", "secret"])
def test_any_change_breaks_the_signature(changed: str) -> None:
    """Id, timestamp, body and secret are all part of it."""
    body = b'{"a": 1}'
    sent = headers([SECRET], "d-1", int(time.time()), body)
    match changed:
        case "body":
            body = b'{"a":1}'
        case "webhook-timestamp":
            sent[changed] = str(int(sent[changed]) + 1)
        case "webhook-id":
            sent[changed] = "d-2"
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD if changed == "secret" else SECRET).verify(body, sent)


def test_during_a_rotation_both_secrets_verify() -> None:
    """Two signatures separated by a space: a receiver with the old secret and one with the new both accept."""
    body = b'{"a": 1}'
    sent = headers([SECRET, OLD], "d-1", int(time.time()), body)
    assert len(sent["webhook-signature"].split(" ")) == 2
    assert Webhook(SECRET).verify(body, sent) == Webhook(OLD).verify(body, sent) == {"a": 1}


def test_the_headers_are_the_three_of_the_specification() -> None:
    """Lower-case names, an integer of seconds, and a version before each signature."""
    sent = headers([SECRET], "d-1", 1614265330, b"")
    assert set(sent) == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert sent["webhook-timestamp"] == "1614265330"
    assert sent["webhook-signature"].startswith("v1,")


def test_a_secret_is_made_of_enough_random_bytes() -> None:
    """24 to 64 bytes by the specification; another number is a mistake of the caller."""
    assert SECRET.startswith(PREFIX)
    assert 24 <= SECRET_BYTES <= 64
    for size in (0, SECRET_BYTES - 1, SECRET_BYTES + 1):
        with pytest.raises(ValueError, match="random bytes"):
            make_secret(bytes(size))


@pytest.mark.parametrize("secret", ["whsec_***", "whsec_abc", "whsec_ab cd", "whsec_ä", "not a secret"])
def test_a_secret_that_is_no_base64_is_refused(secret: str) -> None:
    """A wrong secret is an error, not a signature that nobody can verify."""
    with pytest.raises(ValueError, match=r"secret|ASCII"):
        sign(secret, "d-1", 1, b"")
