"""A mail server for tests: aiosmtpd with answers on demand. Takes one JSON command a line and answers each with one line.

It ends with its standard input, so it never outlives the tests that started it.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult

SERVERS = {}


class Server:
    """One port, with what arrived there."""

    def __init__(self, login):
        self.login = login
        self.mails = []
        self.logins = 0
        self.refusals = []
        self.connections = 0
        self.listening = None

    def authenticate(self, server, session, envelope, mechanism, data):
        self.logins += 1
        good = [data.login.decode(), data.password.decode()] == self.login
        # Not handled: aiosmtpd answers 535 itself.
        return AuthResult(success=good, handled=False)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "secure": server.transport.get_extra_info("sslcontext") is not None,
            "login": self.login is not None and session.authenticated,
            "headers": [[name, str(value)] for name, value in parsed.items()],
            "text": parsed.get_body(["plain"]).get_content(),
            "html": parsed.get_body(["html"]).get_content(),
        })
        return "250 OK"


async def listen(server, security, certificate, key):
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    options = {"hostname": "localhost", "auth_require_tls": False}
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if server.login:
        options |= {"authenticator": server.authenticate, "auth_required": True}
    server.listening = await asyncio.get_running_loop().create_server(
        lambda: SMTP(server, **options), "127.0.0.1", 0, ssl=context if security == "tls" else None
    )
    return server.listening.sockets[0].getsockname()[1]


async def open_port(security, certificate=None, key=None, login=None):
    server = Server(login)
    port = await listen(server, security, certificate, key)
    SERVERS[port] = server
    return {"port": port}


async def mails(port):
    """What arrived, oldest first."""
    return SERVERS[port].mails


async def counts(port):
    """How often somebody greeted, and tried to log in."""
    return {"greetings": SERVERS[port].connections, "logins": SERVERS[port].logins}


async def refuse(port, replies):
    """Answers the next recipients like this."""
    SERVERS[port].refusals += replies


async def accept_login(port, login):
    """From now on, this login is the right one."""
    SERVERS[port].login = login


COMMANDS = {command.__name__: command for command in (open_port, mails, counts, refuse, accept_login)}


loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
for line in sys.stdin:
    command, arguments = json.loads(line)
    try:
        answer = {"done": asyncio.run_coroutine_threadsafe(COMMANDS[command](**arguments), loop).result(timeout=20)}
    except Exception as problem:
        answer = {"problem": repr(problem)}
    print(json.dumps(answer), flush=True)
