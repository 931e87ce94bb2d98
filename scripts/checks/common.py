"""What the house checks share: the project's files, and how a check ends."""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files(*patterns):
    """Tracked files and new ones that are not ignored; `patterns` are git's, none means all."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others",
               "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    paths = sorted({ROOT / name for name in listed.split("\0") if name})
    return [path for path in paths if path.is_file()]


def short(path):
    return str(Path(path).relative_to(ROOT))


def text_of(path):
    """The file's text, or None for a file that is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def finish(problems, done):
    """Prints the problems, one per line, or what was looked at; exits 1 if there are any."""
    if problems:
        print(*problems, sep="\n")
        print(f"{len(problems)} problem(s)")
        sys.exit(1)
    print(done)
    sys.exit(0)
