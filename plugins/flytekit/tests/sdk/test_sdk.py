"""flyte-sdk v2 with this builder: run where flyte is, and no flytekit."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import flyte
from flyte import Image
from flyte._internal.imagebuild.image_builder import ImageBuildEngine

from imagespec_flytekit import ImagespecError
from imagespec_flytekit.sdk import SdkImageBuilder, Unasked, spec_fields

STAND_IN = Path(__file__).parents[1] / "stand_in.py"
REFERENCE = "localhost:5000/acme/train@sha256:" + "1" * 64
SHARED = {"name": "train", "registry": "localhost:5000/acme", "platform": "linux/amd64"}


def image() -> Image:
    base = Image.from_base("python:3.12-slim")
    return base.clone(name="train", registry="localhost:5000/acme", platform=("linux/amd64",), extendable=True)


def stages(given: Image) -> list[dict[str, Any]]:
    """What each spec adds, the lowest first."""
    found: list[dict[str, Any]] = []
    fields: Any = spec_fields(given)
    while isinstance(fields, dict):
        rest = {name: value for name, value in fields.items() if name not in {**SHARED, "base_image": ""}}
        found.insert(0, rest)
        fields = fields["base_image"]
    assert fields == "python:3.12-slim", fields
    assert found[-1].pop("tag_format") == given._final_tag
    return found


class StagesTest(unittest.TestCase):
    def test_layers_in_the_order_of_a_spec_are_one(self):
        given = image().with_apt_packages("git").with_pip_packages("numpy").with_env_vars({"A": "1"})
        given = given.with_pip_packages("pandas").with_commands(["true", "cd /tmp"]).with_workdir("/srv")
        wanted = {
            "apt_packages": ["git"],
            "packages": ["numpy", "pandas"],
            "env": {"A": "1"},
            "commands": ["( true\n)", "( cd /tmp\n)"],
            "workdir": "/srv",
        }
        self.assertEqual(stages(given), [wanted])
        fields = spec_fields(given)
        self.assertEqual({name: fields[name] for name in SHARED}, SHARED)

    def test_those_that_go_back_begin_another(self):
        given = (
            image().with_pip_packages("numpy").with_apt_packages("git").with_commands(["true"]).with_pip_packages("x")
        )
        self.assertEqual(
            stages(given),
            [{"packages": ["numpy"]}, {"apt_packages": ["git"], "commands": ["( true\n)"]}, {"packages": ["x"]}],
        )

    def test_options_of_pip_are_those_of_a_stage(self):
        given = image().with_pip_packages(
            "a", pre=True, index_url="https://index.example/simple", extra_args="--no-deps"
        )
        given = given.with_pip_packages("b", extra_index_urls=["https://extra.example/simple"])
        first = {"packages": ["a"], "pip_index": "https://index.example/simple", "pip_extra_args": "--pre --no-deps"}
        second = {"packages": ["b"], "pip_extra_index_url": ["https://extra.example/simple"]}
        self.assertEqual(stages(given), [first, second])

    def test_several_platforms_are_an_index(self):
        given = image().clone(platform=("linux/amd64", "linux/arm64"))
        self.assertEqual(spec_fields(given)["platform"], "linux/amd64,linux/arm64")


class FilesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name in ("requirements.txt", "pyproject.toml", "uv.lock", "poetry.lock", "job.py"):
            (self.folder / name).write_text("# /// script\n# dependencies = []\n# ///\n" if name == "job.py" else "")

    def requirements(self, given: Image) -> list[str]:
        return [Path(stage["requirements"]).name for stage in stages(given) if "requirements" in stage]

    def test_requirements_and_locks_are_files_of_a_spec(self):
        file = self.folder / "requirements.txt"
        project = self.folder / "pyproject.toml"
        self.assertEqual(self.requirements(image().with_requirements(file)), ["requirements.txt"])
        self.assertEqual(self.requirements(image().with_uv_project(project)), ["uv.lock"])
        (self.folder / "uv.lock").unlink()
        self.assertEqual(self.requirements(image().with_uv_project(project)), ["pyproject.toml"])
        self.assertEqual(self.requirements(image().with_poetry_project(project)), ["poetry.lock"])
        given = image().with_requirements(file).with_pip_packages("x").with_requirements(file)
        self.assertEqual(self.requirements(given), ["requirements.txt"] * 2)
        self.assertEqual(len(stages(given)), 3)

    def test_what_has_no_counterpart_is_refused_by_name(self):
        project = self.folder / "pyproject.toml"
        dockerfile = self.folder / "Dockerfile"
        dockerfile.write_text("FROM x\n")
        for given, words in (
            (image().with_source_file(project), "a layer of CopyConfig"),
            (image().with_source_folder(self.folder), "a layer of CopyConfig"),
            (image().with_code_bundle(), "a layer of CodeBundleLayer"),
            (image().with_uv_project(project, project_install_mode="install_project"), "install_project"),
            (image().with_apt_packages("git", secret_mounts="token"), "secret_mounts"),
            (Image.from_dockerfile(dockerfile, registry="localhost:5000", name="x"), "a Dockerfile"),
        ):
            self.assertRaisesRegex(ImagespecError, words, spec_fields, given)


class BuilderTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        answer = {"stdout": {"images": [{"name": "train:1", "reference": REFERENCE}]}}
        (self.folder / "answers.json").write_text(json.dumps({"train": answer}))
        command = shlex.join([sys.executable, str(STAND_IN)])
        flyte.init(image_builder="imagespec")
        patch = mock.patch.dict(os.environ, {"IMAGESPEC_CLI": command, "STAND_IN": str(self.folder)})
        patch.start()
        self.addCleanup(patch.stop)

    def argv(self) -> list[list[str]]:
        return [json.loads(line)["argv"] for line in (self.folder / "calls.jsonl").read_text().splitlines()]

    def build(self, given: Image, **options: bool) -> str | None:
        return asyncio.run(ImageBuildEngine.build(given, **options)).uri

    def test_flyte_finds_it_and_gets_a_digest(self):
        self.assertEqual(self.build(image().with_pip_packages("numpy")), REFERENCE)
        self.assertEqual(self.build(image().with_pip_packages("scipy"), force=True), REFERENCE)
        self.build(image().with_pip_packages("torch"), dry_run=True)
        common = ["build", "-", "--json"]
        self.assertEqual(self.argv(), [[*common, "--push"], [*common, "--push", "--force"], [*common, "--plan"]])

    def test_existence_is_asked_by_the_command_alone(self):
        self.assertEqual(SdkImageBuilder().get_checkers(), [Unasked])
        self.assertIsNone(asyncio.run(ImageBuildEngine.image_exists(image().with_pip_packages("numpy"))))

    def test_our_message_stays_as_it_is(self):
        refused = {"status": 1, "stdout": {"error": {"code": "NETWORK", "message": "nothing listens there"}}}
        (self.folder / "answers.json").write_text(json.dumps({"train": refused}))
        with self.assertRaisesRegex(ImagespecError, r"^nothing listens there \[NETWORK\]$"):
            self.build(image().with_pip_packages("other"))
