"""Who signed a request: AWS Signature Version 4 in the query or in the Authorization header, checked to the letter."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.parse import quote, unquote

from moto.iam.models import iam_backends

from refusal import Refusal

SKEW_SECONDS = 15 * 60
SESSIONS = {}


@dataclass
class Caller:
    """An identity. An action needs to be allowed by every layer: its own policies, then the session's."""

    arn: str
    account: str
    secret: str
    layers: list = field(default_factory=list)
    token: str | None = None
    expires: float | None = None


@dataclass
class Signed:
    """A request's signature and the parameters it was made with."""

    key: str
    date: str
    scope: list
    headers: list
    signature: str
    token: str | None
    in_query: bool
    expires: int | None = None


def _user_of(key_id):
    for account in list(iam_backends):
        for user in iam_backends[account]["aws"].users.values():
            for key in user.access_keys:
                if key.access_key_id == key_id:
                    return Caller(user.arn, account, key.secret_access_key, [list(user.policies.values())])
    return None


def read(request):
    """The signature of a request, or None when it has none."""
    query = dict(request.query)
    if "X-Amz-Signature" in query:
        key, *scope = query["X-Amz-Credential"].split("/")
        headers = query["X-Amz-SignedHeaders"].split(";")
        token, expires = query.get("X-Amz-Security-Token"), int(query["X-Amz-Expires"])
        return Signed(key, query["X-Amz-Date"], scope, headers, query["X-Amz-Signature"], token, True, expires)
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=(\w+)",
        request.sent.get("authorization", ""),
    )
    if not found:
        return None
    key, scope, headers, signature = found.groups()
    token = request.sent.get("x-amz-security-token")
    return Signed(key, request.sent["x-amz-date"], scope.split("/"), headers.split(";"), signature, token, False)


def _expected(request, signed, secret, service):
    """What the signature would be if `secret` had made it."""
    pairs = sorted(
        (quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~"))
        for name, value in request.raw_query
        if name != "X-Amz-Signature"
    )
    headers = "".join(f"{name}:{' '.join(request.sent.get(name, '').split())}\n" for name in signed.headers)
    payload = hashlib.sha256(request.body).hexdigest()
    if service == "s3":
        payload = request.sent.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    query = "&".join(f"{name}={value}" for name, value in pairs)
    canonical = "\n".join([request.method, request.raw_path, query, headers, ";".join(signed.headers), payload])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join(["AWS4-HMAC-SHA256", signed.date, "/".join(signed.scope), digest])
    key = f"AWS4{secret}".encode()
    for part in signed.scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _check_time(signed, now):
    at = datetime.strptime(signed.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
    if signed.in_query:
        if now > at + signed.expires:
            raise Refusal(403, "AccessDenied", "Request has expired")
        if at > now + SKEW_SECONDS:
            raise Refusal(403, "AccessDenied", "Request is not yet valid")
    elif abs(now - at) > SKEW_SECONDS:
        message = "The difference between the request time and the current time is too large."
        raise Refusal(403, "RequestTimeTooSkewed", message)


def _check_region(signed, region):
    if signed.scope[1] == region:
        return
    message = f"the region '{signed.scope[1]}' is wrong; expecting '{region}'"
    headers = {"x-amz-bucket-region": region}
    if signed.in_query:
        message = f"Error parsing the X-Amz-Credential parameter; {message}"
        raise Refusal(400, "AuthorizationQueryParametersError", message, headers, Region=region)
    message = f"The authorization header is malformed; {message}"
    raise Refusal(400, "AuthorizationHeaderMalformed", message, headers, Region=region)


def caller(request, service, region, now):
    """Who sent the request: None for nobody; refuses a signature that does not hold."""
    signed = read(request)
    if signed is None:
        return None
    _check_time(signed, now)
    known = SESSIONS.get(signed.key) if signed.token else _user_of(signed.key)
    if known is None:
        raise Refusal(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    _check_region(signed, region or signed.scope[1])
    unsigned = [
        name for name in request.sent if (name.startswith("x-amz-") or name == "host") and name not in signed.headers
    ]
    if unsigned:
        message = "There were headers present in the request which were not signed"
        raise Refusal(403, "AccessDenied", message, HeadersNotSigned=", ".join(unsigned))
    if signed.scope[2:] != [service, "aws4_request"] or not hmac.compare_digest(
        signed.signature, _expected(request, signed, known.secret, service)
    ):
        message = "The request signature we calculated does not match the signature you provided."
        raise Refusal(403, "SignatureDoesNotMatch", message)
    if known.token != signed.token:
        raise Refusal(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
    if known.expires is not None and now >= known.expires:
        raise Refusal(400 if service == "s3" else 403, "ExpiredToken", "The provided token has expired.")
    return known
