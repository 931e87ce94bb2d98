"""Runs bench_load against one program and checks what came out."""
import json
import os
import subprocess
import time
from pathlib import Path

from .programs import STUB_CORE, TENANT_KEY, pinned
from .scenarios import CLAUDE_HEADERS, OPENAI_HEADERS


def load_command(load, program, scenario, extra):
    claude = scenario.body.endswith("anthropic")
    headers = CLAUDE_HEADERS if claude else OPENAI_HEADERS
    command = [str(load), "--target", f"127.0.0.1:{program.target(scenario)}",
               "--path", scenario.path(program.model(scenario)), "--body", scenario.body,
               "--model", program.model(scenario), "--connections", str(scenario.connections)]
    # A program without tenants knows its master key only.
    key = TENANT_KEY if scenario.tenant_key and not program.rows else program.key
    for header in headers:
        command += ["--header", header.format(key=key)]
    if scenario.body_bytes:
        command += ["--body-bytes", str(scenario.body_bytes)]
    if scenario.stream:
        command += ["--stream", "--expect-events", str(scenario.expect_events)]
    for pid in program.pids():
        command += ["--pid", str(pid)]
    return command + [str(part) for part in extra]


def run_load(load, program, scenario, extra, limit_seconds=240):
    command = pinned(STUB_CORE, load_command(load, program, scenario, extra))
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit_seconds)
    if not done.stdout.startswith("{"):
        return {"failed": 1, "first_failure": done.stderr.strip() or "bench_load ended early"}
    return json.loads(done.stdout)


def check_bytes(found, stub_stats, scenario):
    """A failure text when the provider side saw other bytes than the client sent."""
    if stub_stats["bodies_invalid"]:
        return f"{stub_stats['bodies_invalid']} bodies reached the stub damaged"
    if not scenario.same_bytes:
        return ""
    if stub_stats["bodies_distinct_without_model"] != 1:
        return f"{stub_stats['bodies_distinct_without_model']} different bodies reached the stub"
    if stub_stats["last_body_hash_without_model"] != found["body_hash_without_model"]:
        return "the stub received other bytes than were sent (model left out)"
    return ""


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def settle(program, limit_seconds=60):
    """Waits until the program does nothing any more: what a window leaves behind, such as rows of
    usage on their way to the database, must not count for the next one. Its CPU seconds."""
    pids, step = program.pids(), 0.25
    began = seen = cpu_seconds(pids)
    for _ in range(int(limit_seconds / step)):
        time.sleep(step)
        now = cpu_seconds(pids)
        if now - seen <= 0.01:
            break
        seen = now
    return cpu_seconds(pids) - began


def window(load, stub, program, scenario, options):
    """One measured window: what bench_load found, with `failure` (empty when all was right)."""
    stub.reset()
    seconds = options.seconds
    extra = ["--warmup", min(0.5, seconds / 4), "--seconds", seconds]
    rate = 0 if scenario.stream or scenario.added else options.rate or 0
    if rate:
        extra += ["--mode", "open", "--rate", rate]
    found = run_load(load, program, scenario, extra)
    found["cpu_us_afterwards"] = settle(program) * 1e6 / max(found.get("requests", 0), 1)
    failure = found["first_failure"] if found["failed"] else ""
    if not failure and found["requests"] < 0.97 * rate * seconds:
        failure = f"{found['requests'] / seconds:.0f} requests per second, {rate} were wanted"
    if not failure and found["requests"] == 0:
        failure = "no request was completed in the window"
    stats = stub.stats()
    if not failure:
        failure = check_bytes(found, stats, scenario)
    if not failure and program.name == "tollgate" and scenario.provider == "openai":
        # A straggler of the program measured before may still arrive after the reset.
        if stats["chat_completions"] < found["requests"] or stats["messages"] > 64:
            failure = "the stub was not spoken to in OpenAI Chat"
    return {**found, "failure": failure}


def figure_of(found, scenario):
    value = found.get(scenario.figure, 0.0)
    return value["p50"] if isinstance(value, dict) else value
