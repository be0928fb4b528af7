"""Ports on which the services answer. A front can be closed and opened again; what is stored stays."""

import io
import ssl
import threading
import time
from email.utils import formatdate
from urllib.parse import parse_qsl, quote, unquote, urlencode

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

import s3
import sts
from refusal import Refusal

MOTO = DomainDispatcherApplication(create_backend_app)
SIGNATURE = tuple(
    f"x-amz-{name}"
    for name in ("algorithm", "credential", "date", "expires", "signedheaders", "signature", "security-token")
)

# moto gives objects to requests with an identity only; ours has been checked.
SOMEBODY = "AWS4-HMAC-SHA256 Credential=somebody/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


class Request:
    """A request as sent, and its headers as S3 understands it."""

    def __init__(self, environ):
        self.method = environ["REQUEST_METHOD"]
        self.raw_path, _, text = environ["REQUEST_URI"].partition("?")
        self.raw_query = [tuple(pair.partition("=")[::2]) for pair in text.split("&") if pair]
        self.body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.sent = {n[5:].lower().replace("_", "-"): v for n, v in environ.items() if n.startswith("HTTP_")}
        if environ.get("CONTENT_TYPE"):
            self.sent["content-type"] = environ["CONTENT_TYPE"]
        # S3 takes parameters `x-amz-…` of a signed URL for headers of that name.
        hoisted = {n.lower(): v for n, v in self.query if n.lower().startswith("x-amz-") and n.lower() not in SIGNATURE}
        self.headers = self.sent | hoisted

    @property
    def path(self):
        return unquote(self.raw_path)

    @property
    def query(self):
        return parse_qsl("&".join("=".join(pair) for pair in self.raw_query), keep_blank_values=True)


class Handler(MotoRequestHandler):
    def log(self, *_):
        """Nobody reads it."""

    def date_time_string(self, timestamp=None):
        """The Date of an answer, by the clock of the front."""
        return formatdate(self.server.front.now() if timestamp is None else timestamp, usegmt=True)


class Front:
    """One port, with a clock of its own."""

    def __init__(self, certificate=None, key=None):
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificate, key)
        self.ahead, self.redirect_to, self.port = 0, None, 0
        self.taciturn, self.lacking = False, ()
        self.open()

    def open(self):
        self.server = make_server(
            "127.0.0.1", self.port, self.serve, threaded=True, request_handler=Handler, ssl_context=self.tls
        )
        self.server.front = self
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def now(self):
        return time.time() + self.ahead

    def serve(self, environ, start_response):
        request = Request(environ)
        is_sts = request.path == "/" and request.method == "POST"
        try:
            if any(header in request.headers for header in self.lacking):
                raise Refusal(501, "NotImplemented", "A header is not implemented")
            if is_sts:
                document, headers = sts.answer(request, self.now()).encode(), {}
            elif request.method == "OPTIONS":
                document, headers = b"", s3.preflight(request)
            else:
                return MOTO(_forwarded(environ, request, s3.check(request, self)), start_response)
            status = "200 OK"
        except Refusal as refusal:
            if self.taciturn and refusal.code == "AccessDenied":
                refusal.message = "Access Denied"
            status, headers = f"{refusal.status} {refusal.code}", refusal.headers
            document = (refusal.sts_document() if is_sts else refusal.s3_document()).encode()
        start_response(status, [("Content-Type", "application/xml"), *headers.items()])
        return [b"" if request.method == "HEAD" else document]


def _forwarded(environ, request, account):
    left = [pair for pair in request.query if not pair[0].lower().startswith("x-amz-")]
    kept = {name: value for name, value in environ.items() if not name.startswith("HTTP_")}
    kept |= {f"HTTP_{n.upper().replace('-', '_')}": v for n, v in request.headers.items() if n != "authorization"}
    kept |= {"HTTP_HOST": "localhost", "HTTP_X_MOTO_ACCOUNT_ID": account, "HTTP_AUTHORIZATION": SOMEBODY}
    kept["QUERY_STRING"] = urlencode(left, quote_via=quote)
    kept["REQUEST_URI"] = kept["RAW_URI"] = f"{request.raw_path}?{kept['QUERY_STRING']}"
    kept["wsgi.input"] = io.BytesIO(request.body)
    return kept
