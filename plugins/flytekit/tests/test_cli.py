"""The command line as a child: how it is found, what of its words reaches whom, how it is interrupted."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import signal
import stat
import subprocess
import sys
import time
from unittest import mock

import click
from flytekit import ImageSpec
from ground import REFUSED, GroundTest, built

from imagespec_flytekit import ImagespecBuilder, ImagespecError
from imagespec_flytekit.cli import build, find_cli


class FindTest(GroundTest):
    def test_the_variable_is_a_command_line(self):
        with mock.patch.dict(os.environ, {"IMAGESPEC_CLI": "node '/a b/imagespec.js' --flag"}):
            self.assertEqual(find_cli(), ["node", "/a b/imagespec.js", "--flag"])

    def test_else_it_is_on_the_path(self):
        program = self.folder / "imagespec"
        program.write_text("#!/bin/sh\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        with mock.patch.dict(os.environ, {"IMAGESPEC_CLI": "", "PATH": str(self.folder)}):
            self.assertEqual(find_cli(), [str(program)])

    def test_else_it_is_told_how_to_get_it(self):
        with mock.patch.dict(os.environ, {"IMAGESPEC_CLI": "", "PATH": str(self.folder)}):
            with self.assertRaises(ImagespecError) as caught:
                ImagespecBuilder().build_image(ImageSpec())
        self.assertIn("imagespec is not installed", caught.exception.message)
        self.assertIn("npm install --global imagespec", caught.exception.hint)

    def test_one_that_does_not_start_is_told_by_name(self):
        with mock.patch.dict(os.environ, {"IMAGESPEC_CLI": "/nowhere/imagespec"}):
            with self.assertRaisesRegex(ImagespecError, "cannot be started as /nowhere/imagespec: No such file"):
                build({"name": "x"}, [])


class WordsTest(GroundTest):
    def said(self, **answer: object) -> tuple[str, ImagespecError | None]:
        """What was passed on, and what was raised."""
        self.answers(x=answer)
        words = io.StringIO()
        with contextlib.redirect_stderr(words):
            try:
                build({"name": "x"}, [])
            except ImagespecError as error:
                return words.getvalue(), error
        return words.getvalue(), None

    def test_its_words_are_passed_on(self):
        words, error = self.said(**built("localhost:5000/x:1"), stderr="resolve\nupload é\n")
        self.assertEqual((words, error), ("resolve\nupload é\n", None))

    def test_its_error_is_raised_and_not_said_twice(self):
        stderr = f"resolve\nerror: {REFUSED['message']} [UNAUTHORIZED]\nhint: Log in.\n"
        words, error = self.said(status=1, stdout={"error": REFUSED}, stderr=stderr)
        self.assertEqual(words, "resolve\n")
        self.assertIsInstance(error, RuntimeError)
        self.assertIsInstance(error, click.ClickException)
        self.assertEqual((error.reason, error.hint, error.code), (REFUSED["message"], "Log in.", "UNAUTHORIZED"))
        self.assertEqual(str(error), f"{REFUSED['message']} [UNAUTHORIZED]\nhint: Log in.")

    def test_findings_of_a_spec_are_all_told(self):
        issues = ["standard input:1:20: `a` is wrong", "standard input:1:300: `b` is wrong"]
        refused = {"code": "SPEC_INVALID", "message": "standard input has 2 issues", "issues": issues}
        _, error = self.said(status=2, stdout={"error": refused})
        lines = ["ImageSpec 'x' has 2 issues", "  - ImageSpec 'x': `a` is wrong", "  - ImageSpec 'x': `b` is wrong"]
        self.assertEqual(str(error), "\n".join(lines) + " [SPEC_INVALID]")

    def test_a_bug_comes_with_its_stack(self):
        stderr = "error: this is a bug of imagespec, please report it\nError: x\n    at y\n"
        _, error = self.said(status=1, stdout={"error": {"code": "BUG", "message": "Error: x"}}, stderr=stderr)
        self.assertEqual(str(error), "this is a bug of imagespec, please report it\nError: x\n    at y")

    def test_one_that_ends_without_a_word_is_no_success(self):
        for status, stdout in ((0, {}), (0, None), (1, {}), (0, {"images": []})):
            _, error = self.said(status=status, stdout=stdout)
            self.assertEqual(str(error), f"imagespec ended with status {status} and without a result")

    def test_a_result_of_one_that_failed_is_none(self):
        _, error = self.said(status=1, **built("x:1"))
        self.assertIn("status 1", str(error))

    def test_one_that_does_not_read_is_heard_all_the_same(self):
        script = "echo 'error: no room [X]' >&2; exit 3"
        with mock.patch.dict(os.environ, {"IMAGESPEC_CLI": shlex.join(["sh", "-c", script])}):
            with self.assertRaisesRegex(ImagespecError, r"^no room \[X\]$"):
                build({"name": "x", "packages": ["y" * 1_000_000]}, [])


class ProcessTest(GroundTest):
    def start(self, program: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-c", program], stdout=pipe, stderr=pipe, text=True)

    def test_words_are_passed_on_while_it_works(self):
        self.answers(x={"sleep": True, "stderr": "at work\n"})
        child = self.start("from imagespec_flytekit.cli import build; build({'name': 'x'}, [])")
        self.assertEqual(child.stderr.readline(), "at work\n")
        child.send_signal(signal.SIGINT)
        child.communicate()

    def test_it_is_interrupted_with_us_and_cleans_up(self):
        self.answers(x={"sleep": True})
        child = self.start("from imagespec_flytekit.cli import build; build({'name': 'x'}, [])")
        while not (self.folder / "ready").exists():
            self.assertIsNone(child.poll())
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        child.communicate()
        self.assertEqual(child.returncode, 1)
        self.assertTrue((self.folder / "cleaned").exists())
