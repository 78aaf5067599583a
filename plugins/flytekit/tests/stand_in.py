"""Stands in for the command line: keeps what it was given, and answers by the name of the spec as the test has written.

An answer has `status`, `stdout` (a JSON value), `stderr` (text), or `sleep`: then it waits to be interrupted.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

folder = Path(os.environ["STAND_IN"])


def main() -> int:
    spec = json.load(sys.stdin)
    answer = json.loads((folder / "answers.json").read_text())[spec["name"]]
    call = {"argv": sys.argv[1:], "spec": spec, "cwd": os.getcwd()}
    with (folder / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps(call) + "\n")
    sys.stderr.write(answer.get("stderr", ""))
    sys.stderr.flush()
    if answer.get("sleep"):
        return wait()
    print(json.dumps(answer["stdout"]))
    return answer.get("status", 0)


def wait() -> int:
    def cleaned(*_: object) -> None:
        (folder / "cleaned").write_text("")
        sys.exit(130)

    signal.signal(signal.SIGINT, cleaned)
    (folder / "ready").write_text("")
    time.sleep(60)
    return 1


sys.exit(main())
