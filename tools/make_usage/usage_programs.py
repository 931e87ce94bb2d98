"""The programs that a check of usage starts: PostgreSQL, make_usage, the gateway."""
import http.client
import json
import os
import pwd
import socket
import subprocess
import sys
import time
from pathlib import Path

MASTER_KEY = "sk-check-master-0123456789abcdef"
START_SECONDS = 600  # a migration of ten million rows is part of it


def run_make_usage(build, database, arguments):
    command = [str(build / "tools/make_usage/make_usage"), "--database", database, *arguments]
    sys.stdout.flush()
    if subprocess.run(command, check=False).returncode not in (0, 1):
        sys.exit("make_usage failed")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end(process, seconds):
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Postgres:
    """A private server on a Unix socket, with the defaults that a container has. As root it runs
    as the user postgres."""

    def __init__(self, folder):
        self.folder = folder.resolve()
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        if not found:
            sys.exit("no PostgreSQL in /usr/lib/postgresql: apt-get install postgresql")
        self.binaries = found[-1].parent
        self.prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] \
            if os.geteuid() == 0 else []
        self.url = f"postgres:///usage?host={self.folder}&user=postgres"

    def command(self, program, *arguments):
        return [*self.prefix, str(self.binaries / program), *arguments]

    def __enter__(self):
        data = self.folder / "data"
        fresh = not data.exists()
        if fresh:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.prefix:
                user = pwd.getpwnam("postgres")
                os.chown(self.folder, user.pw_uid, user.pw_gid)
            subprocess.run(self.command("initdb", "-D", str(data), "-A", "trust", "-U", "postgres",
                                        "-E", "UTF8", "--locale=C"), check=True, cwd="/",
                           stdout=subprocess.DEVNULL)
        # Of a year of rows a container's 128 MB of buffers hold a small part; WAL of the filling
        # may grow, so that checkpoints are not what is measured.
        self.process = subprocess.Popen(
            self.command("postgres", "-D", str(data), "-k", str(self.folder), "-h", "",
                         "-c", "max_wal_size=4GB", "-c", "log_min_messages=fatal"),
            cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while subprocess.run(self.command("pg_isready", "-q", "-h", str(self.folder)),
                             cwd="/", check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > until:
                sys.exit("PostgreSQL did not start")
            time.sleep(0.1)
        if fresh:
            subprocess.run(self.command("createdb", "-h", str(self.folder), "-U", "postgres",
                                        "usage"), check=True, cwd="/")
        return self

    def __exit__(self, *_):
        self.process.send_signal(2)  # fast shutdown: ends sessions, writes a checkpoint
        end(self.process, 120)


class Gateway:
    def __init__(self, binary, folder, database):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)  # of an earlier run: with the installation's key
        self.port = free_port()
        config = folder / "tollgate.yaml"
        config.write_text(json.dumps({
            "general_settings": {"master_key": MASTER_KEY},
            "server": {"metrics_listen": f"127.0.0.1:{free_port()}"},
            "stores": {"database": database},
            "model_list": [{"model_name": "claude-sonnet", "litellm_params": {
                "model": "hosted_vllm/none", "api_base": "http://127.0.0.1:9/v1"}}]}))
        self.log = open(folder / "log", "w", encoding="utf-8")
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [str(Path(binary).resolve()), "serve", "--config", str(config), "--listen",
             f"127.0.0.1:{self.port}", "--data-dir", str(folder / "data")],
            stdout=self.log, stderr=self.log)

    def __enter__(self):
        until = time.monotonic() + START_SECONDS
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > until:
                end(self.process, 5)
                sys.exit("the gateway did not start:\n" + (self.folder / "log").read_text()[-3000:])
            time.sleep(0.05)
        print(f"gateway ready after {time.monotonic() - self.began:.1f} s")
        return self

    def __exit__(self, *_):
        end(self.process, 60)
        self.log.close()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def ready(self):
        connection = self.connect()
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def request(self, connection, method, path, body=None):
        """The status and the body."""
        headers = {"authorization": f"Bearer {MASTER_KEY}"}
        if body is not None:
            headers["content-type"] = "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def memory(self, name="VmRSS"):
        """In MiB; VmHWM is the peak since forget_peak()."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"{name} is not in /proc/PID/status")

    def forget_peak(self):
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def processor_seconds(self):
        """Of all threads; exact to less than a millisecond, where stat counts in ticks of ten."""
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((one / "schedstat").read_text().split()[0]) for one in threads) / 1e9
