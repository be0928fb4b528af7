"""Verifies messages as a receiver in Python does. Reads one JSON object from standard input: headers, body, and either
the secret of HMAC or the public key of Ed25519. Ends with 0 when a signature is right."""

import base64
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError


def verify_ed25519(key: str, headers: dict[str, str], body: str) -> bool:
    """The published library knows HMAC only, so this follows the specification."""
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix("whpk_")))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    for signature in headers["webhook-signature"].split(" "):
        version, encoded = signature.split(",")
        if version != "v1a":
            continue
        try:
            public.verify(base64.b64decode(encoded), content)
            return True
        except InvalidSignature:
            pass
    return False


def verify_hmac(secret: str, headers: dict[str, str], body: str) -> bool:
    try:
        Webhook(secret).verify(body, headers)
        return True
    except WebhookVerificationError:
        return False


def main() -> int:
    message = json.load(sys.stdin)
    headers, body = message["headers"], message["body"]
    if message.get("secret"):
        return 0 if verify_hmac(message["secret"], headers, body) else 1
    return 0 if verify_ed25519(message["publicKey"], headers, body) else 1


sys.exit(main())
