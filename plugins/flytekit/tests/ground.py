"""What the tests share: a folder to work in, a stand-in for the command line, and engines without memory."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from flytekit.image_spec.image_spec import ImageBuildEngine, ImageSpec

import imagespec_flytekit

STAND_IN = Path(__file__).with_name("stand_in.py")
DIGEST = "sha256:" + "1" * 64
PYTHON = ".".join(map(str, sys.version_info[:2]))

#: What the command says of a registry that wants to know who asks.
REFUSED = {
    "code": "UNAUTHORIZED",
    "message": "The registry localhost:5000 wants credentials",
    "hint": "Log in.",
    "issues": [],
}


def pinned(name: str) -> str:
    """`registry/name@sha256:…` of `registry/name:tag`."""
    return f"{name.rpartition(':')[0]}@{DIGEST}"


def built(name: str) -> dict[str, Any]:
    """The answer for an image that was pushed under a name."""
    return {"stdout": {"images": [{"name": name, "reference": pinned(name), "digest": DIGEST}]}}


class GroundTest(unittest.TestCase):
    """Each test has its own working directory, environment and registry of builders."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        variables = {"IMAGESPEC_CLI": shlex.join([sys.executable, str(STAND_IN)]), "STAND_IN": str(self.folder)}
        self.replace(mock.patch.dict(os.environ, variables))
        self.replace(mock.patch.object(ImageBuildEngine, "_REGISTRY", dict(ImageBuildEngine._REGISTRY)))
        self.replace(mock.patch.object(ImageBuildEngine, "_IMAGE_NAME_TO_REAL_NAME", {}))
        ImageBuildEngine.build.cache_clear()
        imagespec_flytekit.register()

    def replace(self, patch: Any) -> None:
        patch.start()
        self.addCleanup(patch.stop)

    def answers(self, **by_name: Any) -> None:
        (self.folder / "answers.json").write_text(json.dumps(by_name))

    def answer_for(self, *specs: ImageSpec) -> None:
        """Each is built under the name that flytekit gives it."""
        self.answers(**{spec.name: built(spec.image_name()) for spec in specs})

    def calls(self) -> list[dict[str, Any]]:
        file = self.folder / "calls.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
