"""GetCallerIdentity and AssumeRole, with what moto leaves out: unknown roles, external ids, session policies."""

import secrets
from datetime import datetime, timezone
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from moto.iam.models import iam_backends

import signature
from policies import allows
from refusal import Refusal, not_authorized

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def answer(request, now):
    """The answer to a request to STS."""
    form = dict(parse_qsl(request.body.decode(), keep_blank_values=True)) or dict(request.query)
    try:
        caller = signature.caller(request, "sts", None, now)
    except Refusal as refusal:
        if refusal.code == "InvalidAccessKeyId":
            message = "The security token included in the request is invalid."
            raise Refusal(403, "InvalidClientTokenId", message) from None
        if refusal.code == "RequestTimeTooSkewed":
            raise Refusal(403, "SignatureDoesNotMatch", "Signature expired") from None
        raise
    if caller is None:
        raise Refusal(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    if form.get("Action") == "GetCallerIdentity":
        return _document("GetCallerIdentity", Arn=caller.arn, UserId="strict", Account=caller.account)
    if form.get("Action") == "AssumeRole":
        return _assume_role(caller, form, now)
    raise Refusal(400, "InvalidAction", "Could not find operation")


def _document(action, **elements):
    inside = "".join(f"<{n}>{v if v.startswith('<') else escape(v)}</{n}>" for n, v in elements.items())
    return (
        f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{inside}</{action}Result>'
        f"<ResponseMetadata><RequestId>strict</RequestId></ResponseMetadata></{action}Response>"
    )


def _role(arn):
    for account in list(iam_backends):
        for role in iam_backends[account]["aws"].roles.values():
            if role.arn == arn:
                return account, role
    return None, None


def _assume_role(caller, form, now):
    arn, name = form["RoleArn"], form["RoleSessionName"]
    seconds = int(form.get("DurationSeconds", "3600"))
    if not 900 <= seconds <= 43200 or not 2 <= len(name) <= 64:
        raise Refusal(400, "ValidationError", "1 validation error detected")
    account, role = _role(arn)
    context = {"sts:ExternalId": form.get("ExternalId"), "sts:RoleSessionName": name}
    may = all(allows(layer, "sts:AssumeRole", arn) for layer in caller.layers)
    trusted = role and allows([role.assume_role_policy_document], "sts:AssumeRole", arn, caller, context)
    if not (may and trusted):
        raise not_authorized(caller, "sts:AssumeRole", arn)
    layers = [list(role.policies.values())]
    if form.get("Policy"):
        layers.append([form["Policy"]])
    key, secret, token = f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_hex(60)
    session = f"arn:aws:sts::{account}:assumed-role/{role.name}/{name}"
    signature.SESSIONS[key] = signature.Caller(session, account, secret, layers, token, now + seconds)
    until = datetime.fromtimestamp(now + seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    credentials = (
        f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
        f"<SessionToken>{token}</SessionToken><Expiration>{until}</Expiration>"
    )
    user = f"<AssumedRoleId>{role.id}:{name}</AssumedRoleId><Arn>{session}</Arn>"
    return _document("AssumeRole", Credentials=credentials, AssumedRoleUser=user)
