"""
Holds a lock, an ephemeral node and watches, and writes, while servers are killed.   python3 failover.py CONNECT_STRING

Prints `ready`; for each line of standard input (a server was killed or is back) it checks that the session lives, that everything
it holds is still there, that watches still fire and that no acknowledged write is lost, and prints `ok`. At the end of
standard input it prints `done`.
"""
import sys
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import ConnectionLoss, LockTimeout, NodeExistsError, OperationTimeoutError, SessionExpiredError
from kazoo.retry import KazooRetry

HOSTS = sys.argv[1]
retry = KazooRetry(max_tries=-1, max_delay=0.5, deadline=60)


def connect():
    client = KazooClient(hosts=HOSTS, timeout=15, connection_retry=dict(max_tries=-1, max_delay=0.5))
    client.start(timeout=30)
    return client


def eventually(look, what):
    deadline = time.time() + 40
    while not look():
        assert time.time() < deadline, "not within 40 s: " + what
        time.sleep(0.02)


def is_locked():
    try:
        return not other.Lock("/failover/lock", "other").acquire(timeout=0.3)
    except LockTimeout:
        return True
    except (ConnectionLoss, OperationTimeoutError):
        return is_locked()


holder, other = connect(), connect()
session = holder.client_id
lock = holder.Lock("/failover/lock", "holder")
assert lock.acquire(timeout=20)
holder.create("/failover/ephemeral", b"mine", ephemeral=True)
holder.ensure_path("/failover/watched")
holder.ensure_path("/failover/log")
seen = []
holder.DataWatch("/failover/watched", lambda value, stat: seen.append(value))

acknowledged = []
stop = threading.Event()
failures = []


def write():
    number = 0
    while not stop.is_set():
        number += 1
        try:
            other.create("/failover/log/%d" % number, b"")
        except NodeExistsError:
            pass
        except (ConnectionLoss, OperationTimeoutError):
            number -= 1
            time.sleep(0.05)
            continue
        except SessionExpiredError as error:
            failures.append(error)
            return
        acknowledged.append(number)


writer = threading.Thread(target=write, daemon=True)
writer.start()
print("ready", flush=True)

for line in sys.stdin:
    before = len(acknowledged)
    eventually(lambda: len(acknowledged) > before + 5, "writes go on after " + line.strip())
    assert not failures, failures
    assert retry(holder.exists, "/failover/ephemeral").ephemeralOwner == session[0]
    assert holder.client_id[0] == session[0], "another session"
    assert is_locked()
    value = line.strip().encode()
    retry(other.set, "/failover/watched", value)
    eventually(lambda: seen[-1] == value, "the watch sees " + line.strip())
    print("ok", flush=True)

stop.set()
writer.join(60)
retry(holder.sync, "/failover/log")
there = set(int(name) for name in retry(holder.get_children, "/failover/log"))
lost = [number for number in acknowledged if number not in there]
assert not lost, "acknowledged and gone: %r" % lost
holder.stop()
assert other.Lock("/failover/lock", "other").acquire(timeout=20)
assert not other.exists("/failover/ephemeral")
other.stop()
print("done", len(acknowledged), flush=True)
