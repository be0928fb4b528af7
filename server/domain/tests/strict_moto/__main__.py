"""moto as strict as AWS is where moto is not. Takes one JSON command a line and answers each with one line.

It ends with its standard input, so it never outlives the tests that started it.
"""

import hashlib
import json
import os
import sys

os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"

from moto.iam.models import iam_backends  # noqa: E402
from moto.kms.models import kms_backends  # noqa: E402
from moto.s3.models import s3_backends  # noqa: E402

import s3  # noqa: E402
import signature  # noqa: E402
from fronts import Front  # noqa: E402
from policies import allows  # noqa: E402

FRONTS = {}


def user(account, name, policy):
    """Makes a user with an access key."""
    made = iam_backends[account]["aws"].create_user("us-east-1", name)
    user_policy(account, name, policy)
    key = made.create_access_key(prefix="AKIA")
    return {"arn": made.arn, "access_key_id": key.access_key_id, "secret": key.secret_access_key}


def user_policy(account, name, policy):
    iam_backends[account]["aws"].put_user_policy(name, "policy", json.dumps(policy))


def role(account, name, trust, policy):
    backend = iam_backends[account]["aws"]
    made = backend.create_role(name, json.dumps(trust), "/", None, "", [], "3600")
    backend.put_role_policy(name, "policy", json.dumps(policy))
    return {"arn": made.arn}


def role_policy(account, name, policy):
    iam_backends[account]["aws"].put_role_policy(name, "policy", json.dumps(policy))


def role_trust(account, name, trust):
    iam_backends[account]["aws"].update_assume_role_policy(name, json.dumps(trust))


def kms_key(account, region):
    return {"arn": kms_backends[account][region].create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", []).arn}


def bucket(account, name, region):
    s3_backends[account]["aws"].create_bucket(name, region)


def bucket_policy(name, policy):
    s3.bucket_of(name).policy = json.dumps(policy).encode()


def bucket_cors(name, rules):
    """Takes rules as the AWS console does."""
    plural = {"AllowedOrigins": "AllowedOrigin", "AllowedMethods": "AllowedMethod", "AllowedHeaders": "AllowedHeader"}
    s3.bucket_of(name).set_cors([{plural[n]: v for n, v in rule.items() if n in plural} for rule in rules])


def bucket_lock(name):
    """Turns on Object Lock, which keeps versions too."""
    s3.bucket_of(name).versioning_status = "Enabled"
    s3.LOCKED.add(name)


def objects(name):
    """Everything in a bucket, with what was said about it."""
    found = s3.bucket_of(name)
    tagger = s3_backends[found.account_id]["aws"].tagger
    return {
        key: {
            "bytes": one.size,
            "sha256": hashlib.sha256(one.value).hexdigest(),
            "metadata": dict(one.metadata),
            "tags": tagger.get_tag_dict_for_resource(one.arn),
            "encryption": one.encryption,
            "kms_key": one.kms_key_id,
            "storage_class": one.storage_class,
        }
        for key, one in found.keys.items()
    }


def uploads(name):
    """Keys of the uploads that were begun and not ended."""
    return [one.key_name for one in s3.bucket_of(name).multiparts.values()]


def session(account, name, policy):
    """Temporary credentials, as a machine has them that AWS gave a role."""
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/machine"
    key, secret, token = f"ASIA{account}TEMP", "temporary", "token"
    signature.SESSIONS[key] = signature.Caller(arn, account, secret, [[json.dumps(policy)]], token)
    return {"arn": arn, "access_key_id": key, "secret": secret, "token": token}


def session_may(account, action, resource):
    """Whether the newest session of an account's roles allows this."""
    newest = [one for one in signature.SESSIONS.values() if one.account == account][-1]
    return all(allows(layer, action, resource) for layer in newest.layers)


def expire_sessions(account):
    """Ends every session of an account's roles."""
    for session in signature.SESSIONS.values():
        if session.account == account:
            session.expires = 0


def front(certificate=None, key=None):
    opened = Front(certificate, key)
    FRONTS[opened.port] = opened
    return {"port": opened.port}


def front_close(port):
    FRONTS[port].close()


def front_open(port):
    FRONTS[port].open()


def front_time(port, ahead):
    """Sets the front's clock ahead of the real one, in seconds."""
    FRONTS[port].ahead = ahead


def front_taciturn(port):
    """Lets the front not say which permission is missing, like AWS between accounts, and like other stores."""
    FRONTS[port].taciturn = True


def front_lacking(port, headers):
    """Lets the front refuse requests with these headers, as stores do that lack what they ask for."""
    FRONTS[port].lacking = tuple(headers)


def front_redirect(port, region):
    """Lets the front answer as the endpoint of another region does."""
    FRONTS[port].redirect_to = region


COMMANDS = (
    (user, user_policy, role, role_policy, role_trust, session, session_may, expire_sessions, kms_key)
    + (bucket, bucket_policy, bucket_cors, bucket_lock, objects, uploads)
    + (front, front_close, front_open, front_time, front_taciturn, front_lacking, front_redirect)
)
BY_NAME = {command.__name__: command for command in COMMANDS}

for line in sys.stdin:
    command, arguments = json.loads(line)
    try:
        answer = {"done": BY_NAME[command](**arguments)}
    except Exception as problem:
        answer = {"problem": repr(problem)}
    print(json.dumps(answer), flush=True)
