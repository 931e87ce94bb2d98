"""Rows measured once for each program: memory, many open streams, time to start."""
import http.client
import os
import statistics
import subprocess
import time

from . import measure
from .programs import PROXY_CORE, Missing, free_port, open_files_limit, pinned
from .scenarios import Scenario

MEBIBYTE = 1024 * 1024
STREAMS_WANTED = 10_000
DESCRIPTORS_SPARE = 200
START_ROUNDS = 5


def resident(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            total += int(file.read().split()[1])
    return total * 4096


def cell(value, failure="", note="", bad=False):
    return {"value": value, "failure": failure, "note": note, "over": bad}


def hold(load, program, scenario, seconds, probe):
    extra = ["--mode", "hold", "--seconds", seconds, "--timeout", 60]
    if probe:
        small = Scenario("probe", "")
        model = program.model(small)
        extra += ["--probe-body", "small-anthropic", "--probe-path", small.path(model),
                  "--probe-model", model]
    return measure.run_load(load, program, scenario, extra)


def idle_streams(load, program, quick):
    scenario = Scenario("idle_streams", "", stub="idle", stream=True,
                        connections=500 if quick else 2000)
    found = hold(load, program, scenario, 1, probe=False)
    if found["failed"]:
        return cell(None, found["first_failure"])
    rss = found["rss_bytes"]
    kib = (rss["peak"] - rss["start"]) / found["held"] / 1024
    return cell(kib, note=f"{found['held']} streams", bad=kib > 32)


def open_streams(load, program, quick):
    # The program under test holds two descriptors for each stream.
    possible = (open_files_limit() - DESCRIPTORS_SPARE) // 2
    count = min(2000 if quick else STREAMS_WANTED, possible)
    # Only Tollgate is probed: it alone serves both listeners of the stub on one port.
    scenario = Scenario("open_streams", "", stub="live", stream=True, connections=count)
    found = hold(load, program, scenario, 5, probe=program.name == "tollgate")
    if found["failed"]:
        return cell(None, found["first_failure"])
    timed = found["probe_us"] if program.name == "tollgate" else found["event_delay_us"]
    what = "slowest new small request" if program.name == "tollgate" else "p99 event delay"
    value = (timed["max"] if program.name == "tollgate" else timed["p99"]) / 1000
    limited = "" if count >= STREAMS_WANTED or quick else \
        f"; {STREAMS_WANTED} need {2 * STREAMS_WANTED + DESCRIPTORS_SPARE} open files, " \
        f"the limit here is {open_files_limit()}"
    return cell(value, note=f"{what}; {found['held']} streams{limited}",
                bad=program.name == "tollgate" and value > 250)


def rss_large(load, program, quick, provider, seconds):
    scenario = Scenario("rss_large", "", stub="slow", body="large-anthropic", provider=provider,
                        connections=300 if quick else 1500, body_bytes=150_000)
    before = resident(program.pids())
    settle = 3 if quick else 30
    found = measure.run_load(load, program, scenario, [
        "--seconds", seconds, "--settle", settle, "--warmup", 1], limit_seconds=300)
    if found["failed"]:
        return cell(None, found["first_failure"])
    peak = found["rss_bytes"]["peak"] / MEBIBYTE
    after = found["rss_bytes"]["settled"] / MEBIBYTE
    limit = 600 if provider == "openai" else 300
    note = f"{scenario.connections} connections; before {before / MEBIBYTE:.1f}, " \
           f"{settle} s after {after:.1f} MiB"
    return cell(peak, note=note, bad=peak > limit)


def start_once(tollgate):
    port = free_port()
    begin = time.monotonic()
    process = subprocess.Popen(pinned(PROXY_CORE, tollgate.command(port, "start-data")),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**os.environ, **tollgate.environment})
    try:
        tollgate.wait_ready(port, pause=0.0005)
        return (time.monotonic() - begin) * 1000
    finally:
        process.terminate()
        process.wait()


def start_nginx_once(nginx):
    """For scale: until the port accepts, with a configuration of one server."""
    port, folder = free_port(), nginx.folder
    config = folder / "start.conf"
    config.write_text(f"daemon off;\npid {folder}/start.pid;\nevents {{}}\n"
                      "http { access_log off;\n"
                      f"  server {{ listen 127.0.0.1:{port}; location / {{ return 200; }} }} }}\n")
    begin = time.monotonic()
    process = subprocess.Popen(pinned(PROXY_CORE, ["nginx", "-e", str(folder / "start.log"),
                                                   "-c", str(config)]))
    try:
        while time.monotonic() - begin < 5:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
                connection.request("GET", "/livez")
                connection.getresponse()
                return (time.monotonic() - begin) * 1000
            except OSError:
                time.sleep(0.0005)
        raise Missing("nginx did not answer within 5 s")
    finally:
        process.terminate()
        process.wait()


def start(program):
    if program.name == "haproxy":
        return cell(None, note="not measured")
    once = start_once if program.name == "tollgate" else start_nginx_once
    times = [once(program) for _ in range(START_ROUNDS)]
    value = statistics.median(times)
    return cell(value, note=f"slowest {max(times):.0f} ms",
                bad=program.name == "tollgate" and value > 100)


def measure_row(name, load, program, fresh_rss, options):
    seconds = 3 if options.quick else 120 if options.full_memory else 15
    if name == "rss_idle":
        value = fresh_rss[program.name] / MEBIBYTE
        return cell(value, bad=program.name == "tollgate" and value > 10)
    if name == "idle_streams":
        return idle_streams(load, program, options.quick)
    if name == "open_streams":
        return open_streams(load, program, options.quick)
    if name == "rss_large":
        return rss_large(load, program, options.quick, "anthropic", seconds)
    if name == "rss_large_translated":
        if program.name != "tollgate":
            return cell(None, note="does not translate")
        return rss_large(load, program, options.quick, "openai", seconds)
    return start(program)


UNITS = {"rss_idle": "MiB", "idle_streams": "KiB/stream", "open_streams": "ms",
         "rss_large": "MiB peak", "rss_large_translated": "MiB peak", "start": "ms"}
LIMITS = {"rss_idle": 10, "idle_streams": 32, "open_streams": 250, "rss_large": 300,
          "rss_large_translated": 600, "start": 100}
