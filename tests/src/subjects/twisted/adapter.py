"""
The Twisted subject: `python adapter.py` reads programs on standard input, one a line, and answers
each with a trace on standard output.

`--fault ID` puts one of the faults of faults/ into Twisted first, and `--list-faults` lists them.
`--release VERSION` says which Twisted is expected to be there, 26.10.0 where it isn't given.

The programs run in a process of their own, worker.py. This one watches it from outside: a program
can keep Twisted busy for ever, through every exception, and even take the interpreter down. When
no answer comes for DEFERRAL_PATIENCE seconds (5 unless set), or the worker crashes, a new worker
gets the programs that are unanswered one at a time. The one that fails again, alone by now, is
answered with `{"undefined":"why"}`, and the rest go on.

On the good path lines are only counted, never read.

Exit status: 0 when every program was answered; 2 with a message for a line that is no program, for
an unknown fault, and when there is no Twisted to ask; 1 for a bug of this adapter, or when nobody
takes the answers.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque

# Whoever runs this out of a source tree shouldn't find it changed.
sys.dont_write_bytecode = True

import program  # noqa: E402

WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")

CHUNK = 1 << 16
# How much input is taken in before answers must go out.
IN_FLIGHT_PROGRAMS = 4096
IN_FLIGHT_BYTES = 1 << 24
# How long a worker may take to import Twisted, in seconds.
START_PATIENCE = 120.0


class Exit(Exception):
    """Ends the adapter with a status, and a message unless it has been said."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Worker:
    """A process that answers lines with lines, and what is on the way to and from it."""

    def __init__(self, arguments: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-B", WORKER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin = self.process.stdin.fileno()
        self.stdout = self.process.stdout.fileno()
        os.set_blocking(self.stdin, False)
        self.outgoing = memoryview(b"")
        self.partial_line: list[bytes] = []
        self.ready = False

    def write(self) -> None:
        """Passes on as much as the pipe takes."""
        try:
            self.outgoing = self.outgoing[os.write(self.stdin, self.outgoing) :]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            # It died, which its output will show.
            self.outgoing = memoryview(b"")

    def read(self) -> bytes | None:
        """The complete lines that have come, or None when it has ended."""
        data = os.read(self.stdout, CHUNK)
        if not data:
            return None
        end = data.rfind(b"\n") + 1
        if end == 0:
            self.partial_line.append(data)
            return b""
        lines = b"".join([*self.partial_line, data[:end]])
        self.partial_line = [data[end:]]
        if not self.ready:
            first, _, lines = lines.partition(b"\n")
            if first != b"ready":
                raise Exit(1, f"the worker says {first!r} instead of being ready")
            self.ready = True
        return lines

    def finish(self) -> None:
        """Lets an idle worker end."""
        self.process.stdin.close()
        try:
            self.process.wait(START_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Adapter:
    """Relays programs to a worker and traces back, and replaces the worker when it fails."""

    def __init__(self, patience: float, arguments: list[str]) -> None:
        self.patience = patience
        self.arguments = arguments  # of the worker
        self.worker = Worker(arguments)
        self.sent: deque[bytes] = deque()  # given to this worker and unanswered
        self.unsent: deque[bytes] = deque()
        self.numbers: deque[int] = deque()  # the line numbers of both
        self.bytes = 0  # the size of both
        # How many of the unanswered were so when a worker failed: these are asked one at a time.
        self.suspects = 0
        self.lines_read = 0
        self.partial_line: list[bytes] = []
        self.input_ended = False
        self.last_sign = time.monotonic()  # of the worker's life

    def run(self) -> None:
        """Answers all of standard input."""
        while self.sent or self.unsent or not self.input_ended or not self.worker.ready:
            self.feed()
            self.wait()
        self.worker.finish()

    def feed(self) -> None:
        """Gives the worker what it may have now."""
        if not self.unsent or self.worker.outgoing:
            return
        if not self.suspects:
            lines = list(self.unsent)
            self.unsent.clear()
        elif not self.sent and self.worker.ready:
            lines = [self.unsent.popleft()]
        else:
            return
        if not self.sent:
            self.last_sign = time.monotonic()
        self.sent.extend(lines)
        lines.append(b"")
        self.worker.outgoing = memoryview(b"\n".join(lines))
        self.worker.write()

    def wait(self) -> None:
        """Sleeps until something can be done, and does it."""
        worker = self.worker
        poll = select.poll()
        poll.register(worker.stdout, select.POLLIN)
        if worker.outgoing:
            poll.register(worker.stdin, select.POLLOUT)
        if not self.input_ended and self.has_room():
            poll.register(0, select.POLLIN)

        seconds = self.seconds_left()
        ready = dict(poll.poll(None if seconds is None else max(0.0, seconds) * 1000))
        if worker.stdout in ready:
            self.take_answers()
        elif seconds is not None and seconds <= 0:
            self.replace_worker(f"it never ends ({self.patience:g} s)")
        elif worker.stdin in ready:
            worker.write()
        if 0 in ready:
            self.take_programs()

    def has_room(self) -> bool:
        return (
            len(self.sent) + len(self.unsent) < IN_FLIGHT_PROGRAMS
            and self.bytes < IN_FLIGHT_BYTES
        )

    def seconds_left(self) -> float | None:
        """How long the worker may go on in silence; None when nobody waits for it."""
        if self.worker.ready:
            if not self.sent:
                return None
            patience = self.patience
        else:
            patience = max(self.patience, START_PATIENCE)
        return self.last_sign + patience - time.monotonic()

    def take_programs(self) -> None:
        chunk = os.read(0, CHUNK)
        if not chunk:
            self.input_ended = True
            # The last line may lack its end.
            chunk = b"\n" if self.partial_line else b""
        if b"\n" not in chunk:
            self.partial_line.append(chunk)
            return
        lines = b"".join([*self.partial_line, chunk]).split(b"\n")
        self.partial_line = [lines.pop()]
        for line in lines:
            self.lines_read += 1
            if line.strip():
                self.unsent.append(line)
                self.numbers.append(self.lines_read)
                self.bytes += len(line)

    def take_answers(self) -> None:
        lines = self.worker.read()
        if lines is None:
            self.worker_ended()
            return
        self.answer(lines)
        # After the answers have gone out: it is not the worker's fault if that took long.
        self.last_sign = time.monotonic()

    def answer(self, lines: bytes) -> None:
        """Passes on the answers to the first programs that are unanswered."""
        answered = lines.count(b"\n")
        for _ in range(answered):
            self.bytes -= len(self.sent.popleft())
            self.numbers.popleft()
        self.suspects = max(0, self.suspects - answered)
        rest = memoryview(lines)
        while rest:
            rest = rest[os.write(1, rest) :]

    def worker_ended(self) -> None:
        """A worker ends when it is killed, when it is given a bad line, or wrongly."""
        status = self.worker.process.wait()
        if not self.worker.ready:
            # With status 2 it has said itself what is missing.
            raise Exit(2, "" if status == 2 else f"the worker can't start: {died(status)}")
        if status < 0:
            self.replace_worker(f"it crashes the interpreter: {died(status)}")
        elif status == 2 and self.sent:
            raise Exit(2, f"line {self.numbers[0]}: {complaint(self.sent[0])}")
        else:
            raise Exit(1, f"the Twisted adapter is broken: {died(status)}")

    def replace_worker(self, why: str) -> None:
        """Starts over after a failure."""
        self.worker.kill()
        if not self.worker.ready:
            raise Exit(2, f"the worker can't start: {why}")
        if self.suspects and self.sent:
            # It was asked alone, and had been among the unanswered once before.
            self.answer(program.undefined_text(why).encode() + b"\n")
        else:
            self.suspects += len(self.sent)
            self.unsent.extendleft(reversed(self.sent))
            self.sent.clear()
        self.worker = Worker(self.arguments)
        self.last_sign = time.monotonic()


def died(status: int) -> str:
    if status < 0:
        return signal.Signals(-status).name
    return f"its process ended with status {status}"


def complaint(line: bytes) -> str:
    """What is wrong with a line that the worker refused."""
    try:
        program.parse(line)
    except program.BadProgram as error:
        return str(error)
    return "not a program"


def patience_from_environment() -> float:
    text = os.environ.get("DEFERRAL_PATIENCE", "5")
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= 86400.0:
        raise Exit(2, f"DEFERRAL_PATIENCE is {text!r}, not a number of seconds up to a day")
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--fault", metavar="ID", help="make Twisted faulty first")
    parser.add_argument("--list-faults", action="store_true", help="list the faults")
    parser.add_argument("--release", metavar="VERSION", help="the release that is to be there")
    options = parser.parse_args()
    if options.list_faults:
        return subprocess.call([sys.executable, "-B", WORKER, "--list-faults"])
    adapter = None
    try:
        given = [("--fault", options.fault), ("--release", options.release)]
        arguments = [text for name, value in given if value for text in (name, value)]
        adapter = Adapter(patience_from_environment(), arguments)
        adapter.run()
        return 0
    except Exit as exit:
        if exit.message:
            print(exit.message, file=sys.stderr)
        return exit.status
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if adapter is not None:
            adapter.worker.process.kill()


if __name__ == "__main__":
    sys.exit(main())
