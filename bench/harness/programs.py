"""Starts and stops what takes part: the stub, nginx, HAProxy and Tollgate, on free loopback ports.

Stub and load generator share core 0; the program under test has core 1 to itself.
"""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

STUB_CORE, PROXY_CORE = "0", "1"
READY_SECONDS = 15
MASTER_KEY = "sk-bench-0123456789abcdef"  # made up
TENANT_KEY = "sk-bench-tenant-0123456789abcdef"  # made up
# Limits of every kind and budgets that are never reached: all of it is counted all the same.
TENANT_FILE = f"""tenant: {{id: bench, name: bench, api_key: {TENANT_KEY}}}
rate_limits: {{requests_per_minute: 100000000, requests_per_hour: 1000000000,
  requests_per_day: 1000000000, tokens_per_minute: 1000000000000}}
budget: {{daily_limit: 1000000, monthly_limit: 10000000}}
"""
TLS_PORT = "tls"
# The stub's listeners: name -> how it answers there.
STUB_LISTENERS = {
    "plain": "chunks=3",
    "paced": "chunks=200,pace=2ms",
    "fast": "chunks=200",
    "idle": "stall=1",
    "live": "chunks=1000000,pace=1s",
    "slow": "delay=500ms",
    TLS_PORT: "chunks=3",
}
# Provider of a scenario -> model, what follows the stub's address, further lines of its row.
OTHER_PROVIDERS = {
    "responses": ("openai/stub-model", "/v1", "    model_info: {mode: responses}\n"),
    "gemini": ("gemini/gemini-2.5-flash", "/v1beta", ""),
    "converse": ("bedrock/amazon.nova-pro-v1:0", "", "      aws_region_name: us-east-1\n"),
    "cohere": ("cohere/command-a-03-2025", "", ""),
    "ollama": ("ollama/stub-model", "", ""),
    "openrouter": ("openrouter/stub/stub-model", "/v1", ""),
}
STREAMED = {"paced", "fast", "idle", "live"}


class Missing(Exception):
    """A program that is not installed or does not start; the message names it and the remedy."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pinned(core, command):
    return (["taskset", "-c", core] if os.cpu_count() > 1 else []) + command


def wait_for_port(port, process, name, log):
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    text = log.read_text(errors="replace")[-600:] if log.exists() else ""
    raise Missing(f"{name} did not start: {text.strip() or 'no message'}")


def tree_of(pid):
    """The process and its children: nginx works in a child."""
    pids = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            pids += tree_of(int(child))
    return pids


class Program:
    """A started process with a folder of its own; stopped by its process id."""
    key = MASTER_KEY
    rows = ()  # the only scenarios it takes part in; empty: all

    def __init__(self, name, folder):
        self.name, self.folder, self.process = name, folder, None
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "output.log"

    def start(self, core, command, port, environment=None):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                pinned(core, command), stdout=log, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
        wait_for_port(port, self.process, self.name, self.log)

    def pids(self):
        return tree_of(self.process.pid)

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def make_certificates(folder):
    """A private authority and a certificate for 127.0.0.1, fresh for each run."""
    folder.mkdir(parents=True, exist_ok=True)

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=bench authority")
    openssl("req", *curve, "-keyout", "stub.key", "-out", "stub.csr", "-subj", "/CN=localhost")
    (folder / "extensions").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "stub.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-out", "stub.pem", "-days", "2", "-extfile", "extensions")
    return folder


class Stub(Program):
    def __init__(self, binary, folder):
        super().__init__("bench_stub", folder)
        self.ports = {name: free_port() for name in STUB_LISTENERS}
        self.certificates = make_certificates(folder / "tls")
        command = [str(binary), "--cert", str(self.certificates / "stub.pem"),
                   "--key", str(self.certificates / "stub.key")]
        for name, options in STUB_LISTENERS.items():
            kind = "--listen-tls" if name == TLS_PORT else "--listen"
            command += [kind, f"127.0.0.1:{self.ports[name]},{options}"]
        self.start(STUB_CORE, command, self.ports["plain"])

    def call(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["plain"], timeout=10)
        connection.request(method, path, headers={"content-length": "0"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def stats(self):
        return self.call("GET", "/stub/stats")

    def reset(self):
        self.call("POST", "/stub/reset")


class Direct:
    """No program at all: the floor under every latency."""
    name = "direct"
    key = MASTER_KEY

    def __init__(self, stub):
        self.ports = stub.ports
        self.log = None

    def target(self, scenario):
        return self.ports[scenario.stub]

    def model(self, scenario):
        return "stub-model"

    def pids(self):
        return []

    def stop(self):
        pass


class Nginx(Program):
    def __init__(self, folder, stub):
        if not shutil.which("nginx"):
            raise Missing("nginx is not installed: apt-get install nginx-light")
        super().__init__("nginx", folder)
        self.ports = {name: free_port() for name in stub.ports}
        config = folder / "nginx.conf"
        config.write_text(self.config(folder, stub))
        self.start(PROXY_CORE, ["nginx", "-e", str(folder / "error.log"), "-c", str(config)],
                   self.ports["plain"])

    def config(self, folder, stub):
        temporary = "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        head = (f"daemon off;\n{user}worker_processes 1;\npid {folder}/nginx.pid;\n"
                "worker_rlimit_nofile %d;\nevents { worker_connections 32768; }\nhttp {\n"
                "  access_log off;\n  tcp_nodelay on;\n  keepalive_requests 1000000000;\n"
                "  client_max_body_size 64m;\n  client_body_buffer_size 256k;\n"
                "  proxy_http_version 1.1;\n  proxy_set_header Connection \"\";\n"
                "  proxy_read_timeout 600s;\n" % open_files_limit()) + temporary
        return head + "".join(self.server(name, stub) for name in stub.ports) + "}\n"

    def server(self, name, stub):
        tls = name == TLS_PORT
        verify = (f"      proxy_ssl_trusted_certificate {stub.certificates}/ca.pem;\n"
                  "      proxy_ssl_verify on;\n      proxy_ssl_name localhost;\n"
                  "      proxy_ssl_session_reuse on;\n") if tls else ""
        buffering = "off" if name in STREAMED else "on"
        return (f"  upstream stub_{name} {{ server 127.0.0.1:{stub.ports[name]}; keepalive 512;\n"
                "    keepalive_requests 1000000000; }\n"
                f"  server {{ listen 127.0.0.1:{self.ports[name]} backlog=4096;\n"
                f"    location / {{\n      proxy_pass {'https' if tls else 'http'}://stub_{name};\n"
                f"      proxy_buffering {buffering};\n{verify}    }}\n  }}\n")

    def target(self, scenario):
        return self.ports[scenario.stub]

    def model(self, scenario):
        return "stub-model"


class Haproxy(Program):
    def __init__(self, folder, stub):
        if not shutil.which("haproxy"):
            raise Missing("HAProxy is not installed: apt-get install haproxy")
        super().__init__("haproxy", folder)
        self.ports = {name: free_port() for name in stub.ports}
        config = folder / "haproxy.cfg"
        # HAProxy wants two descriptors per stream and some of its own.
        maxconn = min(12000, (open_files_limit() - 200) // 2)
        text = (f"global\n  nbthread 1\n  maxconn {maxconn}\n"
                "defaults\n  mode http\n  option http-keep-alive\n  http-reuse always\n"
                "  option http-no-delay\n  timeout connect 10s\n  timeout client 600s\n"
                f"  timeout server 600s\n  maxconn {maxconn}\n")
        for name in stub.ports:
            ca = stub.certificates / "ca.pem"
            tls = f" ssl verify required ca-file {ca} verifyhost localhost sni str(localhost)"
            text += (f"listen {name}\n  bind 127.0.0.1:{self.ports[name]}\n"
                     f"  server stub 127.0.0.1:{stub.ports[name]} pool-max-conn -1"
                     f"{tls if name == TLS_PORT else ''}\n")
        config.write_text(text)
        self.start(PROXY_CORE, ["haproxy", "-db", "-f", str(config)], self.ports["plain"])

    def target(self, scenario):
        return self.ports[scenario.stub]

    def model(self, scenario):
        return "stub-model"


class Tollgate(Program):
    more_config = ""

    def __init__(self, binary, folder, stub, name="tollgate"):
        if not Path(binary).exists():
            raise Missing(f"Tollgate is not built: {binary} is missing "
                          "(cmake --preset release && cmake --build --preset release)")
        super().__init__(name, folder)
        self.binary, self.port = str(binary), free_port()
        self.config = folder / "config.yaml"
        self.config.write_text(self.config_text(stub) + self.more_config)
        (folder / "tenants").mkdir(exist_ok=True)
        (folder / "tenants" / "bench.yaml").write_text(TENANT_FILE)
        self.environment = {"SSL_CERT_FILE": str(stub.certificates / "ca.pem")}
        self.start(PROXY_CORE, self.command(), self.port, self.environment)
        self.wait_ready(self.port)

    def command(self, port=None, data="data"):
        return [self.binary, "serve", "--config", str(self.config), "--listen",
                f"127.0.0.1:{port or self.port}", "--data-dir", str(self.folder / data)]

    @staticmethod
    def wait_ready(port, pause=0.005):
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
                connection.request("GET", "/livez")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(pause)
        raise Missing("Tollgate started but GET /livez never answered 200")

    @staticmethod
    def config_text(stub):
        text = "model_list:\n"
        for name, port in stub.ports.items():
            scheme, host = ("https", "localhost") if name == TLS_PORT else ("http", "127.0.0.1")
            for dialect, suffix in (("anthropic", ""), ("openai", "/v1")):
                text += (f"  - model_name: bench-{dialect}-{name}\n    litellm_params:\n"
                         f"      model: {dialect}/stub-model\n"
                         f"      api_base: {scheme}://{host}:{port}{suffix}\n"
                         "      api_key: sk-stub-made-up\n"
                         "      input_cost_per_token: 0.000003\n"
                         "      output_cost_per_token: 0.000015\n")
        # The other protocols, at the plain listener.
        base = f"http://127.0.0.1:{stub.ports['plain']}"
        for name, (model, suffix, more) in OTHER_PROVIDERS.items():
            text += (f"  - model_name: bench-{name}-plain\n    litellm_params:\n"
                     f"      model: {model}\n      api_base: {base}{suffix}\n"
                     f"      api_key: sk-stub-made-up\n{more}")
        # No access log, as with nginx.
        return text + (f"general_settings:\n  master_key: {MASTER_KEY}\n"
                       "server:\n  workers: 1\nlogging:\n  access: false\n")

    def target(self, scenario):
        return self.port

    def model(self, scenario):
        return f"bench-{scenario.provider}-{scenario.stub}"


class UngovernedTollgate(Tollgate):
    """What governance is measured against: the same gateway that keeps no usage and no tenants."""
    more_config = "stores:\n  database: none\n"
    rows = ("governed",)

    def __init__(self, binary, folder, stub):
        super().__init__(binary, folder, stub, "ungoverned")


def open_files_limit():
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
