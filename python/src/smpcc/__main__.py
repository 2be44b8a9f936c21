"""``python -m smpcc``: the command line itself."""

from __future__ import annotations

import os
import subprocess
import sys

from ._binary import binary


def main() -> int:
    """Becomes the binary, or waits for it where a process cannot become another."""
    command = [binary(), *sys.argv[1:]]
    if os.name == "posix":
        os.execv(command[0], command)
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
