"""
kazoo through TLS, or with SASL DIGEST-MD5.

    python3 secure.py tls CONNECT_STRING CA_FILE CERTIFICATE_FILE KEY_FILE
    python3 secure.py sasl CONNECT_STRING USER PASSWORD
"""
import sys

from kazoo.client import KazooClient
from kazoo.exceptions import (
    AuthFailedError,
    ConnectionClosedError,
    ConnectionLoss,
    NoAuthError,
    SessionExpiredError,
)
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.security import make_acl

kind, hosts = sys.argv[1:3]
if kind == "tls":
    ca, certificate, key = sys.argv[3:6]
    client = KazooClient(hosts=hosts, use_ssl=True, ca=ca, certfile=certificate, keyfile=key, timeout=10)
    client.start(timeout=20)
    assert client.create("/tls", b"through TLS") == "/tls"
    assert client.get("/tls")[0] == b"through TLS"
    events = []
    client.get("/tls", watch=events.append)
    client.set("/tls", b"x" * 500000)
    assert client.get("/tls")[0] == b"x" * 500000
    assert [event.path for event in events] == ["/tls"]
    client.stop()
    plain = KazooClient(hosts=hosts, timeout=2)
    try:
        plain.start(timeout=4)
    except KazooTimeoutError:
        pass
    else:
        raise AssertionError("spoke without TLS")
    finally:
        plain.stop()
    stranger = KazooClient(hosts=hosts, use_ssl=True, ca=ca, timeout=2)
    try:
        stranger.start(timeout=4)
    except KazooTimeoutError:
        pass
    else:
        raise AssertionError("came in without a certificate")
    finally:
        stranger.stop()
else:
    user, password = sys.argv[3:5]

    def connect(name, secret):
        client = KazooClient(
            hosts=hosts, timeout=10, sasl_options={"mechanism": "DIGEST-MD5", "username": name, "password": secret}
        )
        client.start(timeout=20)
        return client

    client = connect(user, password)
    client.create("/sasl", b"private", acl=[make_acl("sasl", user, all=True)])
    assert client.get("/sasl")[0] == b"private"
    client.stop()
    nobody = KazooClient(hosts=hosts, timeout=10)
    nobody.start(timeout=20)
    try:
        nobody.get("/sasl")
    except NoAuthError:
        pass
    else:
        raise AssertionError("read without a name")
    nobody.stop()
    # The session may begin before the server has looked at the password; it does not come to anything.
    impostor = KazooClient(
        hosts=hosts, timeout=4, sasl_options={"mechanism": "DIGEST-MD5", "username": user, "password": "wrong"}
    )
    try:
        impostor.start(timeout=4)
        impostor.get("/sasl")
    except (AuthFailedError, ConnectionClosedError, ConnectionLoss, KazooTimeoutError, NoAuthError, SessionExpiredError):
        pass
    else:
        raise AssertionError("read with a wrong password")
    finally:
        impostor.stop()
print("ok", flush=True)
