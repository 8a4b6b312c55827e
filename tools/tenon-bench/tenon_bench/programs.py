# ===- programs.py - finds and runs programs -------------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Programs that are measured, and the words they leave when they fail."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path


class Failure(Exception):
    """Something that the user can act on; printed without a stack."""


def beside():
    """Folders that may hold Tenon's own programs: that of TENON_BIN, then the
    launcher's."""
    folders = [os.environ.get("TENON_BIN"), os.environ.get("TENON_BENCH_BIN")]
    return [Path(f) for f in folders if f]


def own(name):
    """The path of one of Tenon's programs."""
    for folder in beside():
        # The programs of tests lie apart in a build.
        for place in (folder, folder.parent / "test" / "bin"):
            if (place / name).is_file():
                return place / name
    found = shutil.which(name)
    if found:
        return Path(found)
    raise Failure(
        f"expected {name} beside tenon-bench or in PATH, but found none; "
        "build it, or name its folder in TENON_BIN"
    )


class Runner:
    """Runs programs, each behind `launcher` ("taskset -c 0,1") if given."""

    def __init__(self, launcher="", timeout=1200):
        self.launcher = shlex.split(launcher)
        self.timeout = timeout
        #: The last command that was measured, as one would type it.
        self.command = ""

    def run(self, argv, is_measured=True, is_all=False):
        """Standard output of a command, `is_all`: standard error too; a Failure
        with its words if it ends with anything but 0. Only what is measured
        goes through the launcher.
        """
        argv = [str(a) for a in argv]
        if is_measured:
            argv = self.launcher + argv
            self.command = shlex.join(argv)
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self.timeout,
            )
        except OSError as error:
            raise Failure(f"{argv[0]}: cannot be run: {error}") from None
        except subprocess.TimeoutExpired:
            raise Failure(
                f"{shlex.join(argv)}: took more than {self.timeout} s"
            ) from None
        if done.returncode != 0:
            words = (done.stderr.strip() or done.stdout.strip())[-2000:]
            raise Failure(
                f"{shlex.join(argv)}: exit code {done.returncode}\n{words}"
            )
        return done.stdout + done.stderr if is_all else done.stdout
