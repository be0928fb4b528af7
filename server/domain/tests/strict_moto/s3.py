"""Decides whether a request to S3 is allowed; moto itself, with its own checks off, then carries it out."""

from fnmatch import fnmatchcase

from moto.kms.models import kms_backends
from moto.s3.models import s3_backends

import signature
from policies import allows
from refusal import Refusal, not_authorized

# Buckets with Object Lock.
LOCKED = set()


def bucket_of(name):
    """A bucket of whatever account."""
    for account in list(s3_backends):
        if name in s3_backends[account]["aws"].buckets:
            return s3_backends[account]["aws"].buckets[name]
    return None


def key_of(bucket, name):
    return bucket.keys.get(name)


def check(request, front):
    """Refuses what AWS would refuse; the account whose bucket is asked for."""
    name, _, key = request.path.lstrip("/").partition("/")
    bucket = bucket_of(name)
    if bucket and front.redirect_to:
        headers = {"x-amz-bucket-region": front.redirect_to}
        raise Refusal(301, "PermanentRedirect", "Use the specified endpoint.", headers, Endpoint="elsewhere")
    caller = signature.caller(request, "s3", bucket and bucket.region_name, front.now())
    if bucket is None:
        raise Refusal(404, "NoSuchBucket", "The specified bucket does not exist", BucketName=name)
    if caller is None and request.method == "HEAD" and not key and not bucket.policy:
        # Where a bucket is, AWS tells everybody.
        raise Refusal(403, "AccessDenied", "Access Denied", {"x-amz-bucket-region": bucket.region_name})
    owner = request.headers.get("x-amz-expected-bucket-owner")
    if owner is not None and owner != bucket.account_id:
        raise Refusal(403, "AccessDenied", "Access Denied")
    for action, resource in _needed(request, bucket, key):
        if not _allowed(bucket, caller, action, resource):
            raise not_authorized(caller, action, resource)
    if name in LOCKED and request.method == "PUT" and "content-md5" not in request.headers:
        message = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters"
        raise Refusal(400, "InvalidRequest", message)
    present = key_of(bucket, key) if key else None
    if key and request.method in ("GET", "HEAD") and present is None:
        # Only who may list a bucket learns that something is not in it.
        if not _allowed(bucket, caller, "s3:ListBucket", bucket.arn):
            raise not_authorized(caller, "s3:ListBucket", bucket.arn)
    return bucket.account_id


def _allowed(bucket, caller, action, resource):
    by_bucket = bool(bucket.policy) and allows([bucket.policy.decode()], action, resource, caller)
    if caller is None:
        return by_bucket
    context = _key_context(bucket, resource) if action.startswith("kms:") else None
    by_identity = all(allows(layer, action, resource, None, context) for layer in caller.layers)
    return by_identity and (caller.account == bucket.account_id or by_bucket)


def _needed(request, bucket, key):
    """The actions a request needs and what on."""
    query, method = dict(request.query), request.method
    if not key:
        names = {"GET": "s3:ListBucket", "HEAD": "s3:ListBucket", "PUT": "s3:CreateBucket", "DELETE": "s3:DeleteBucket"}
        special = {"cors": "s3:GetBucketCORS", "location": "s3:GetBucketLocation", "policy": "s3:GetBucketPolicy"}
        asked = [action for name, action in special.items() if name in query]
        return [(asked[0] if asked else names[method], bucket.arn)]
    resource = f"{bucket.arn}/{key}"
    if "tagging" in query:
        verb = {"GET": "Get", "PUT": "Put", "DELETE": "Delete"}[method]
        return [(f"s3:{verb}ObjectTagging", resource)]
    if method in ("GET", "HEAD"):
        stored = key_of(bucket, key)
        decrypt = []
        if method == "GET" and stored and stored.encryption == "aws:kms":
            decrypt = [("kms:Decrypt", _key_arn(bucket, stored.kms_key_id))]
        return [("s3:GetObject", resource), *decrypt]
    if method == "DELETE":
        return [("s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject", resource)]
    return [("s3:PutObject", resource), *_needed_by_headers(request, bucket, query, resource)]


def _needed_by_headers(request, bucket, query, resource):
    if request.headers.get("x-amz-tagging"):
        yield "s3:PutObjectTagging", resource
    kms_key = request.headers.get("x-amz-server-side-encryption-aws-kms-key-id")
    upload = bucket.multiparts.get(query.get("uploadId"))
    if upload and upload.sse_encryption == "aws:kms":
        yield "kms:Decrypt", _key_arn(bucket, upload.kms_key_id)
        kms_key = upload.kms_key_id
    if kms_key:
        yield "kms:GenerateDataKey", _key_arn(bucket, kms_key)


def _key_arn(bucket, name):
    """The key that an identifier, ARN or alias means."""
    for key in kms_backends[bucket.account_id][bucket.region_name].keys.values():
        if name in (key.arn, key.id) or name.rpartition(":")[2] in key.aliases:
            return key.arn
    raise Refusal(400, "KMS.NotFoundException", f"Key '{name}' does not exist")


def _key_context(bucket, arn):
    aliases = list(kms_backends[bucket.account_id][bucket.region_name].keys[arn.rpartition("/")[2]].aliases)
    return {"kms:ViaService": f"s3.{bucket.region_name}.amazonaws.com", "kms:ResourceAliases": aliases}


def preflight(request):
    """What a browser is told that asks whether a page may read."""
    bucket = bucket_of(request.path.lstrip("/").partition("/")[0])
    origin, method = request.headers.get("origin", ""), request.headers.get("access-control-request-method", "")
    wanted = [h.strip().lower() for h in request.headers.get("access-control-request-headers", "").split(",") if h]
    for rule in bucket.cors if bucket else []:
        if (
            any(fnmatchcase(origin, pattern) for pattern in rule.allowed_origins)
            and method in rule.allowed_methods
            and all(any(fnmatchcase(h, p.lower()) for p in rule.allowed_headers or []) for h in wanted)
        ):
            allowed = "*" if "*" in rule.allowed_origins else origin
            methods = ", ".join(rule.allowed_methods)
            return {"access-control-allow-origin": allowed, "access-control-allow-methods": methods}
    raise Refusal(403, "AccessForbidden", "CORSResponse: This CORS request is not allowed.")
