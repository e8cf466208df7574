"""kazoo's recipes against an ensemble: prints `ok NAME` for each, or fails.   python3 recipes.py CONNECT_STRING"""
import sys
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import (
    BadVersionError,
    LockTimeout,
    NoAuthError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    RolledBackError,
)
from kazoo.protocol.states import EventType
from kazoo.security import make_acl, make_digest_acl

HOSTS = sys.argv[1]
clients = []


def connect(**options):
    client = KazooClient(hosts=HOSTS, timeout=10, **options)
    client.start(timeout=20)
    clients.append(client)
    return client


def in_threads(*functions):
    failures = []

    def guarded(function):
        try:
            function()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "still at it after 60 s"
    if failures:
        raise failures[0]


def eventually(look):
    deadline = time.time() + 20
    while not look():
        assert time.time() < deadline, "not within 20 s"
        time.sleep(0.01)


def acquires(lock, seconds):
    try:
        return lock.acquire(timeout=seconds)
    except LockTimeout:
        return False


def locks():
    held = []
    done = []

    def worker(name):
        client = connect()
        lock = client.Lock("/recipes/lock", name)
        for _ in range(5):
            with lock:
                held.append(name)
                assert held == [name], held
                client.sync("/recipes/lock")
                held.remove(name)
                done.append(name)

    in_threads(*[lambda name=name: worker(name) for name in ("a", "b", "c")])
    assert sorted(done) == ["a"] * 5 + ["b"] * 5 + ["c"] * 5, done
    first, second = connect(), connect()
    lock = first.Lock("/recipes/lock2", "first")
    assert lock.acquire()
    assert not acquires(second.Lock("/recipes/lock2", "second"), 0.5)
    assert second.Lock("/recipes/lock2").contenders() == ["first"]
    first.stop()
    assert acquires(second.Lock("/recipes/lock2", "second"), 10)


def read_write_locks():
    one, two = connect(), connect()
    readers = [client.ReadLock("/recipes/rw", "reader") for client in (one, two)]
    assert all(acquires(reader, 10) for reader in readers)
    writer = one.WriteLock("/recipes/rw", "writer")
    assert not acquires(writer, 0.5)
    for reader in readers:
        reader.release()
    assert acquires(writer, 10)
    assert not acquires(two.ReadLock("/recipes/rw", "late"), 0.5)
    writer.release()


def semaphores():
    one, two, three = connect(), connect(), connect()
    taken = [client.Semaphore("/recipes/semaphore", max_leases=2) for client in (one, two)]
    assert all(acquires(semaphore, 10) for semaphore in taken)
    assert not acquires(three.Semaphore("/recipes/semaphore", max_leases=2), 0.5)
    one.stop()
    assert acquires(three.Semaphore("/recipes/semaphore", max_leases=2), 10)


def election():
    leaders = []

    def candidate(name):
        client = connect()
        client.Election("/recipes/election", name).run(lambda: leaders.append(name))

    in_threads(*[lambda name=name: candidate(name) for name in ("x", "y", "z")])
    assert sorted(leaders) == ["x", "y", "z"], leaders


def barriers():
    client = connect()
    barrier = client.Barrier("/recipes/barrier")
    barrier.create()
    assert not barrier.wait(0.3)
    passed = []

    def waiter():
        assert connect().Barrier("/recipes/barrier").wait(20)
        passed.append(1)

    def opener():
        eventually(lambda: True)
        client.Barrier("/recipes/barrier").remove()

    in_threads(waiter, waiter, opener)
    assert len(passed) == 2
    inside = []

    def double():
        both = connect().DoubleBarrier("/recipes/double", 3)
        both.enter()
        inside.append(1)
        both.leave()
        assert len(inside) == 3, "left before all had entered"

    in_threads(double, double, double)


def queues():
    client = connect()
    queue = client.Queue("/recipes/queue")
    for value, priority in ((b"late", 200), (b"one", 100), (b"two", 100), (b"early", 1)):
        queue.put(value, priority)
    assert [queue.get() for _ in range(5)] == [b"early", b"one", b"two", b"late", None]
    locking = client.LockingQueue("/recipes/locking")
    locking.put_all([b"1", b"2", b"3"])
    other = connect().LockingQueue("/recipes/locking")
    assert locking.get(10) == b"1" and other.get(10) == b"2"
    assert locking.consume() and other.consume()
    assert other.get(10) == b"3" and other.consume()
    assert len(locking) == 0


def counters():
    def add():
        counter = connect().Counter("/recipes/counter")
        for _ in range(20):
            counter += 1

    in_threads(add, add, add)
    assert connect().Counter("/recipes/counter").value == 60


def parties():
    one, two = connect(), connect()
    one.Party("/recipes/party", "one").join()
    two.ShallowParty("/recipes/shallow", "two").join()
    party = two.Party("/recipes/party", "two")
    party.join()
    assert sorted(party) == ["one", "two"]
    one.stop()
    eventually(lambda: list(party) == ["two"])
    assert list(two.ShallowParty("/recipes/shallow")) == ["two"]


def watches():
    client, other = connect(), connect()
    client.ensure_path("/recipes/watched")
    data, children, events = [], [], []
    client.DataWatch("/recipes/watched", lambda value, stat: data.append(value))
    client.ChildrenWatch("/recipes/watched", lambda names: children.append(sorted(names)))
    client.exists("/recipes/unborn", watch=events.append)
    for value in (b"1", b"2", b"3"):
        other.set("/recipes/watched", value)
        eventually(lambda value=value: data[-1] == value)
    for name in ("a", "b"):
        other.create("/recipes/watched/" + name)
        eventually(lambda name=name: name in children[-1])
    other.create("/recipes/unborn")
    eventually(lambda: events)
    assert events[0].type == EventType.CREATED and events[0].path == "/recipes/unborn"
    client.get("/recipes/unborn", watch=events.append)
    other.delete("/recipes/unborn")
    eventually(lambda: len(events) == 2)
    assert events[1].type == EventType.DELETED


def transactions():
    client = connect()
    client.ensure_path("/recipes/txn")
    transaction = client.transaction()
    transaction.create("/recipes/txn/a", b"1")
    transaction.create("/recipes/txn/s-", b"2", sequence=True, ephemeral=True)
    transaction.set_data("/recipes/txn/a", b"3", version=0)
    transaction.check("/recipes/txn/a", version=1)
    results = transaction.commit()
    assert results[0] == "/recipes/txn/a" and results[1] == "/recipes/txn/s-0000000001", results
    assert results[2].version == 1 and results[3] is True
    transaction = client.transaction()
    transaction.set_data("/recipes/txn/a", b"never")
    transaction.delete("/recipes/txn/none")
    transaction.create("/recipes/txn/never")
    kinds = [type(result) for result in transaction.commit()]
    assert kinds[0] is RolledBackError and kinds[1] is NoNodeError, kinds
    assert client.get("/recipes/txn/a")[0] == b"3" and not client.exists("/recipes/txn/never")


def errors():
    client = connect()
    client.ensure_path("/recipes/errors/child")
    for expected, attempt in (
        (NodeExistsError, lambda: client.create("/recipes/errors")),
        (NoNodeError, lambda: client.get("/recipes/errors/none")),
        (NotEmptyError, lambda: client.delete("/recipes/errors")),
        (BadVersionError, lambda: client.set("/recipes/errors", b"", version=7)),
    ):
        try:
            attempt()
        except expected:
            continue
        raise AssertionError(expected)


def access():
    acl = make_digest_acl("user", "pass", all=True)
    owner = connect(auth_data=[("digest", "user:pass")])
    owner.create("/recipes/private", b"secret", acl=[acl])
    try:
        connect().get("/recipes/private")
    except NoAuthError:
        pass
    else:
        raise AssertionError("read without the password")
    late = connect()
    late.add_auth("digest", "user:pass")
    assert late.get("/recipes/private")[0] == b"secret"
    owner.set_acls("/recipes/private", [acl, make_acl("world", "anyone", read=True)])
    assert connect().get("/recipes/private")[0] == b"secret"


def chroots():
    connect().ensure_path("/recipes/root")
    inside = KazooClient(hosts=HOSTS + "/recipes/root", timeout=10)
    inside.start(timeout=20)
    clients.append(inside)
    assert inside.create("/a/b", b"x", makepath=True) == "/a/b"
    assert inside.get_children("/") == ["a"]
    assert connect().get("/recipes/root/a/b")[0] == b"x"


connect().ensure_path("/recipes")
for recipe in (
    locks,
    read_write_locks,
    semaphores,
    election,
    barriers,
    queues,
    counters,
    parties,
    watches,
    transactions,
    errors,
    access,
    chroots,
):
    recipe()
    for client in clients:
        client.stop()
        client.close()
    clients.clear()
    print("ok", recipe.__name__, flush=True)
