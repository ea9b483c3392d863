"""
The process that runs programs on Twisted: programs in, traces out, one a line.

adapter.py starts it and watches it. It says "ready" on a line of its own when Twisted is there;
exit status 2 before that says that it isn't, or that the fault it was asked for isn't known, and
after that, that the next line is no program (adapter.py tells the user what is wrong with it). An
exception that leaves it is a bug of this adapter.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Iterator, NoReturn

if TYPE_CHECKING:
    from observe import Observer

# The release that says what is right, unless another one is asked for.
TWISTED_VERSION = "26.10.0"

CHUNK = 1 << 16
# Answers are held back while there is input, but not longer than this, in bytes and seconds.
FLUSH_BYTES = 1 << 16
FLUSH_SECONDS = 0.5


def refuse(why: str) -> NoReturn:
    """Twisted can't be the judge here."""
    print(why, file=sys.stderr)
    sys.exit(2)


def check_twisted(release: str) -> None:
    try:
        import twisted
        from twisted.internet import defer  # noqa: F401
    except ImportError as error:
        refuse(f"{sys.executable} can't import Twisted {release}: {error}")
    if twisted.__version__ != release:
        refuse(f"{sys.executable} has Twisted {twisted.__version__}, and {release} is asked for")
    if not __debug__:
        refuse("Python runs with -O, which takes the assertions out of Twisted")


class Output:
    """Standard output, written when it is worth it or when it must."""

    def __init__(self, patience: float) -> None:
        self.lines: list[str] = []
        self.size = 0
        self.flushed = time.monotonic()
        # Whoever should end this process when a program never ends may be dead itself.
        self.orphan_seconds = 60 + int(4 * patience)

    def write(self, line: str) -> None:
        self.lines.append(line)
        self.size += len(line)
        if self.size > FLUSH_BYTES or time.monotonic() > self.flushed + FLUSH_SECONDS:
            self.flush()
            self.working()

    def flush(self) -> None:
        signal.alarm(0)
        if self.lines:
            self.lines.append("")
            data = memoryview("\n".join(self.lines).encode())
            while data:
                data = data[os.write(1, data) :]
            self.lines.clear()
            self.size = 0

    def working(self) -> None:
        """From here on no input is waited for."""
        self.flushed = time.monotonic()
        signal.alarm(self.orphan_seconds)


def read_lines(output: Output) -> Iterator[bytes]:
    """The lines of standard input. What was answered is flushed before each wait for more."""
    rest: list[bytes] = []
    while True:
        output.flush()
        chunk = os.read(0, CHUNK)
        output.working()
        if not chunk:
            break
        if b"\n" in chunk:
            lines = b"".join([*rest, chunk]).split(b"\n")
            rest = [lines.pop()]
            yield from lines
        else:
            rest.append(chunk)
    yield b"".join(rest)


def put_fault(name: str, observer: Observer) -> None:
    """Makes Twisted faulty."""
    import faults

    if not faults.is_known(name):
        known = ", ".join([*sorted(faults.FAULTS), faults.NO_FAULT])
        refuse(f"there is no fault {name!r}, only these: {known}")
    faults.install(name)
    observer.patched = True


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--release", default=TWISTED_VERSION)
    parser.add_argument("--fault")
    parser.add_argument("--list-faults", action="store_true")
    options = parser.parse_args()
    # The adapter ends its worker itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    check_twisted(options.release)
    if options.list_faults:
        from faults import listing

        print("\n".join(listing()))
        return
    # Only now, since these need Twisted.
    from observe import install
    from operations import lacking
    from program import BadProgram, lacks_text, operations_in, parse, undefined_text
    from world import World

    observer = install()
    if options.fault is not None:
        put_fault(options.fault, observer)
    lacks = lacking()
    output = Output(float(os.environ.get("DEFERRAL_PATIENCE", "5")))
    output.write("ready")
    # All that is here by now stays, so that a collection looks at one program's objects only.
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for line in read_lines(output):
            if not line.strip():
                continue
            try:
                program = parse(line)
            except BadProgram:
                sys.exit(2)
            except RecursionError:
                output.write(undefined_text("it is nested too deeply for Python"))
                continue
            if lacks and (lacked := lacks & operations_in(program)):
                output.write(lacks_text(lacked))
                continue
            output.write(World(observer).run(program))
    finally:
        output.flush()


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        # The adapter has gone, and with it whoever could be told.
        sys.exit(1)
