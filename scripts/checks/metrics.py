#!/usr/bin/env python3
"""A running gateway's /metrics satisfies promtool, and docs/reference/metrics.md names every family
in it and no other. usage: metrics.py BINARY"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
from common import ROOT, finish  # noqa: E402

REFERENCE = ROOT / "docs/reference/metrics.md"
KEY = "sk-made-up-for-the-metrics-check"
CONFIGURATION = {
    "server": {"listen": "127.0.0.1:0", "metrics_listen": "main", "workers": 1},
    "general_settings": {"master_key": KEY},
    "model_list": [
        {"model_name": "served", "litellm_params": {"model": "echo/echo"}},
        # Nobody listens on port 1: the fallback is counted too.
        {"model_name": "broken", "litellm_params": {
            "model": "openai/none", "api_base": "http://127.0.0.1:1/v1", "api_key": "made-up"}},
    ],
    "router_settings": {"fallbacks": [{"broken": ["served"]}]},
}
START_SECONDS = 20


def address_of(process, log):
    """The base URL that the gateway prints at its start."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with open(log, encoding="utf-8", errors="replace") as text:
            found = re.search(r"http://127\.0\.0\.1:\d+", text.read())
        if found:
            return found[0]
        time.sleep(0.02)
    with open(log, encoding="utf-8", errors="replace") as text:
        sys.exit(f"the gateway did not start:\n{text.read()}")


def call(url, body=None, key=KEY):
    request = urllib.request.Request(url, data=json.dumps(body).encode() if body else None)
    request.add_header("authorization", f"Bearer {key}")
    request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def make_traffic(url):
    problems = []
    for model, stream, key, expected in (("served", False, KEY, 200), ("served", True, KEY, 200),
                                         ("broken", False, KEY, 200), ("served", False, "no", 401),
                                         ("unknown", False, KEY, 404)):
        body = {"model": model, "stream": stream, "max_tokens": 50,
                "messages": [{"role": "user", "content": "hello"}]}
        status, text = call(f"{url}/v1/chat/completions", body, key)
        if status != expected:
            problems.append(f"a request for {model} was answered {status}: {text[:200]}")
    return problems


def promtool_problems(text):
    if not shutil.which("promtool"):
        return ["promtool is missing (apt-get install prometheus)"]
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                          text=True)
    # Names that are contracts for dashboards in use are not ours to change.
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return [f"promtool: {line}" for line in said
            if not (line.startswith("llm_") and "total" in line)]


def reference_problems(text):
    served = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    told = set(re.findall(r"^\| `([a-z_]+)`", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE))
    yield from (f"docs/reference/metrics.md does not name {name}" for name in sorted(served - told))
    yield from (f"docs/reference/metrics.md names {name}, which is not served"
                for name in sorted(told - served))


def main():
    with tempfile.TemporaryDirectory(prefix="tollgate-metrics-") as folder:
        configuration, log = f"{folder}/tollgate.yaml", f"{folder}/log"
        with open(configuration, "w", encoding="utf-8") as file:
            json.dump(CONFIGURATION, file)
        with open(log, "w", encoding="utf-8") as output:
            command = [os.path.abspath(sys.argv[1]), "serve", "--config", configuration,
                       "--data-dir", folder]
            process = subprocess.Popen(
                command,
                stdout=output, stderr=output, env={"PATH": os.environ["PATH"]}, cwd=folder)
        try:
            url = address_of(process, log)
            problems = make_traffic(url)
            text = call(f"{url}/metrics")[1]
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(timeout=20)
        if status != 0:
            problems.append(f"the gateway ended with status {status} after SIGTERM")
    problems += promtool_problems(text) + list(reference_problems(text))
    finish(problems, "promtool and the reference agree with /metrics")


main()
