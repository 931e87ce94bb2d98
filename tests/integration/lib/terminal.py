"""Runs a program on a terminal of its own and types what a person would.

Reads {"command": [...], "cwd", "env", "say": [[what to wait for, what to type], ...]} as JSON from
standard input; writes {"shown", "code" (minus a signal's number), "echo": whether the terminal
shows what is typed, before, at the first prompt and after} to standard output.
"""
import fcntl
import json
import os
import pty
import select
import subprocess
import sys
import termios
import time

LIMIT_SECONDS = 30


def take_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def echoes(terminal):
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def main():
    task = json.load(sys.stdin)
    outer, inner = pty.openpty()
    before = echoes(inner)
    child = subprocess.Popen(task["command"], cwd=task["cwd"], env=task["env"], stdin=inner,
                             stdout=inner, stderr=inner, preexec_fn=take_terminal)
    shown, prompted, say = "", None, list(task["say"])
    end = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < end:
        ready, _, _ = select.select([outer], [], [], 0.05)
        if ready:
            shown += os.read(outer, 4096).decode(errors="replace")
        if say and say[0][0] in shown:
            time.sleep(0.1)  # the prompt is shown a moment before it is waited at
            prompted = echoes(inner) if prompted is None else prompted
            os.write(outer, say.pop(0)[1].encode())
        if not ready and child.poll() is not None:
            break
    if child.poll() is None:
        child.kill()
        sys.exit("the program did not end; it showed:\n" + shown)
    print(json.dumps({"shown": shown, "code": child.returncode,
                      "echo": {"before": before, "prompted": prompted, "after": echoes(inner)}}))


main()
