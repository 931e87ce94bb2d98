"""What exports of all rows take: time, memory, and what readers do to them."""
import socket
import threading
import time

from usage_programs import MASTER_KEY

GROWTH_MIB_MAX = 16
PATH = "/api/v1/llm/usage/export?tenant=busy&format="
PIECE = 1 << 20


class Writes:
    """Changes by others meanwhile: a store that an export holds shows here."""

    def __init__(self, gateway):
        self.gateway, self.worst_ms, self.count = gateway, 0.0, 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def run(self):
        connection = self.gateway.connect()
        while not self.stop.wait(0.5):
            began = time.perf_counter()
            status, body = self.gateway.request(
                connection, "POST", "/api/v1/llm/credits",
                {"user_id": "user-5", "amount": 1, "kind": "grant"})
            if status != 201:
                raise RuntimeError(f"a grant of credits: {status} {body[:300]!r}")
            self.worst_ms = max(self.worst_ms, 1000 * (time.perf_counter() - began))
            self.count += 1


def read_all(gateway, kind):
    """Rows, bytes, seconds, and the gateway's memory before, at its peak and after."""
    before = gateway.memory()
    gateway.forget_peak()
    connection = gateway.connect()
    began = time.perf_counter()
    connection.request("GET", PATH + kind, headers={"authorization": f"Bearer {MASTER_KEY}"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"export: {answer.status} {answer.read()[:300]!r}")
    lines = size = 0
    # A cut chunked body raises IncompleteRead: an export that ends early is not counted.
    while piece := answer.read(PIECE):
        lines += piece.count(b"\n")
        size += len(piece)
    took = time.perf_counter() - began
    connection.close()
    peak = gateway.memory("VmHWM")
    time.sleep(1)
    return {"format": kind, "rows": lines - (kind == "csv"), "bytes": size,
            "seconds": round(took, 1), "rows_per_second": round(lines / took),
            "mib_before": round(before, 1), "mib_peak": round(peak, 1),
            "mib_after": round(gateway.memory(), 1)}


def begin_slowly(gateway):
    """An export whose reader took the first bytes and then none."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    reader.settimeout(60)
    reader.connect(("127.0.0.1", gateway.port))
    reader.sendall(f"GET {PATH}csv HTTP/1.1\r\nhost: check\r\n"
                   f"authorization: Bearer {MASTER_KEY}\r\n\r\n".encode())
    first = reader.recv(1024)
    if not first.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"export: {first!r}")
    time.sleep(1)
    return reader


def measure_slow(gateway):
    """Ten readers that stand still for five seconds: growth of memory, processor time meanwhile."""
    before, count = gateway.memory(), 10
    readers = [begin_slowly(gateway) for _ in range(count)]
    busy = gateway.processor_seconds()
    time.sleep(5)
    found = {"slow_readers": count, "mib_growth": round(gateway.memory() - before, 1),
             "processor_ms_in_5_s": round(1000 * (gateway.processor_seconds() - busy))}
    # What they left unread makes the kernel reset the connections: readers that leave.
    for reader in readers:
        reader.close()
    time.sleep(1)
    busy = gateway.processor_seconds()
    time.sleep(2)
    found["processor_ms_in_2_s_after_they_left"] = \
        round(1000 * (gateway.processor_seconds() - busy))
    return found


def measure_leaving(gateway):
    """A reader that leaves in the middle of full speed: processor time once it has left."""
    connection = gateway.connect()
    connection.request("GET", PATH + "jsonl", headers={"authorization": f"Bearer {MASTER_KEY}"})
    answer = connection.getresponse()
    began = time.monotonic()
    while time.monotonic() - began < 1 and answer.read(PIECE):
        pass
    answer.close()
    connection.close()
    time.sleep(0.5)
    busy = gateway.processor_seconds()
    time.sleep(2)
    return {"processor_ms_in_2_s_after_leaving":
            round(1000 * (gateway.processor_seconds() - busy))}


def measure_exports(gateway):
    good, found = True, []
    for kind in ("csv", "jsonl"):
        with Writes(gateway) as writes:
            one = read_all(gateway, kind)
        one["writes_meanwhile"], one["worst_write_ms"] = writes.count, round(writes.worst_ms, 1)
        growth = one["mib_peak"] - one["mib_before"]
        good = good and growth < GROWTH_MIB_MAX
        found.append(one)
        print(f"export {kind}: {one['rows']} rows, {one['bytes'] / 1e6:.0f} MB in "
              f"{one['seconds']} s, {one['rows_per_second']} rows per second; memory "
              f"{one['mib_before']} MiB before, {one['mib_peak']} peak, {one['mib_after']} after"
              f"{'  TOO MUCH' if growth >= GROWTH_MIB_MAX else ''}; {writes.count} writes "
              f"meanwhile, the slowest {one['worst_write_ms']} ms", flush=True)
    for measured in (measure_slow(gateway), measure_leaving(gateway)):
        found.append(measured)
        print("; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in measured.items()))
    slow = found[2]
    held = slow["mib_growth"] < GROWTH_MIB_MAX and slow["processor_ms_in_5_s"] < 500
    return found, good and held
