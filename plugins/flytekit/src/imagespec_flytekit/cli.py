"""The command line of imagespec as a child: found, given a spec, listened to, and ended with us."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

from .errors import ImagespecError

CLI_VARIABLE = "IMAGESPEC_CLI"

_ERROR = "error: "

_INSTALL = (
    "Install it with `npm install --global imagespec` (Node.js 22.19 or newer), "
    f"or set {CLI_VARIABLE} to the command that starts it."
)


def build(spec: dict[str, Any], options: Sequence[str]) -> list[dict[str, Any]]:
    """Builds a spec; returns the results of its images, its own last.

    Relative paths of the spec start in the working directory. What the command says goes to stderr while it says it.

    Raises ImagespecError with the message of the command. An interrupt is passed on, and waits for it to clean up.
    """
    command = [*find_cli(), "build", "-", "--json", *options]
    ended = _run(command, json.dumps(spec, default=repr))
    answer = _parse(ended.output)
    images = answer.get("images")
    if ended.status == 0 and images:
        return images
    raise _failure(ended, answer.get("error"), f"ImageSpec {spec.get('name')!r}")


def find_cli() -> list[str]:
    """The words that start imagespec: those of IMAGESPEC_CLI, else the program on PATH."""
    words = shlex.split(os.environ.get(CLI_VARIABLE, ""))
    if words:
        return words
    found = shutil.which("imagespec")
    if found is None:
        raise ImagespecError("imagespec is not installed: there is no such program on PATH", _INSTALL)
    return [found]


@dataclass(frozen=True)
class _Ended:
    status: int
    output: str
    #: From the line that tells of an error on.
    tail: str


def _run(command: Sequence[str], text: str) -> _Ended:
    child = _start(command)
    tail: list[str] = []
    listener = threading.Thread(target=_relay, args=(child.stderr, tail), daemon=True)
    listener.start()
    try:
        output = _exchange(child, text)
    except BaseException:
        # An interrupt, which flytekit makes a SystemExit. The child cleans up; where a terminal has interrupted it too,
        # this is its second signal, and only the third one hurries it.
        child.send_signal(signal.SIGINT)
        child.wait()
        raise
    finally:
        listener.join()
    return _Ended(child.returncode, output, "".join(tail))


def _start(command: Sequence[str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, encoding="utf-8", errors="replace")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ImagespecError(f"imagespec cannot be started as {command[0]}: {reason}", _INSTALL) from error


def _exchange(child: subprocess.Popen[str], text: str) -> str:
    """Gives the child its input; returns its output when it has ended."""
    assert child.stdin is not None and child.stdout is not None
    try:
        with child.stdin as stream:
            stream.write(text)
    except BrokenPipeError:
        pass  # It ended without reading: its status and words say why.
    with child.stdout as stream:
        output = stream.read()
    child.wait()
    return output


def _relay(stream: IO[str], tail: list[str]) -> None:
    """Passes the child's words on; those that tell of the error at their end are kept to be raised."""
    with stream:
        for line in stream:
            if tail or line.startswith(_ERROR):
                tail.append(line)
                continue
            sys.stderr.write(line)
            sys.stderr.flush()


def _parse(output: str) -> dict[str, Any]:
    try:
        answer = json.loads(output)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


#: How the command names a spec that has no file, with line and column.
_NAMELESS = re.compile(r"standard input(:\d+:\d+)?")


def _failure(ended: _Ended, error: dict[str, Any] | None, label: str) -> ImagespecError:
    if error and error.get("code") != "BUG":
        issues = [issue for issue in error.get("issues") or [] if issue not in error["message"]]
        message = "\n  - ".join([error["message"], *issues])
        return ImagespecError(_NAMELESS.sub(label, message), error.get("hint"), error.get("code"))
    if ended.tail:
        return ImagespecError(ended.tail[len(_ERROR) :].rstrip())
    return ImagespecError(f"imagespec ended with status {ended.status} and without a result")
