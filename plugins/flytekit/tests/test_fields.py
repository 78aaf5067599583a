"""What the command line is given for a spec."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from unittest import mock

import flytekit
from flytekit import ImageSpec
from flytekit.constants import CopyFileDetection
from ground import PYTHON, GroundTest

from imagespec_flytekit import ImagespecBuilder, ImagespecError
from imagespec_flytekit.fields import spec_fields, unasked_packages

EVERYTHING = {
    "name": "x",
    "python_version": "3.12",
    "builder": "imagespec",
    "source_root": "/somewhere",
    "env": {"2": "two", "1": "one"},
    "registry": "localhost:5000",
    "packages": ["pandas"],
    "conda_packages": ["numpy"],
    "conda_channels": ["nvidia"],
    "requirements": "requirements.txt",
    "apt_packages": ["git"],
    "cuda": "12.4",
    "cudnn": "9",
    "base_image": "python:3.12-slim",
    "platform": "linux/arm64",
    "pip_index": "https://index.example/simple",
    "pip_extra_index_url": ["https://extra.example/simple"],
    "pip_secret_mounts": [(".netrc", "/root/.netrc")],
    "pip_extra_args": "--pre",
    "registry_config": "registries.json",
    "entrypoint": [],
    "commands": ["true"],
    "tag_format": "{spec_hash}-dev",
    "source_copy_mode": CopyFileDetection.ALL,
    "copy": ["app"],
    "python_exec": "/usr/bin/python3",
    "runtime_packages": ["numpy"],
    "builder_options": {"k": 1},
    "builder_config": {"uv_image": "uv"},
}


class FieldsTest(GroundTest):
    def setUp(self) -> None:
        super().setUp()
        (self.folder / "requirements.txt").write_text("flytekit\n")

    def test_every_field_is_handed_on_but_the_builder(self):
        self.assertEqual(set(EVERYTHING), {field.name for field in dataclasses.fields(ImageSpec)})
        wanted = {name: value for name, value in EVERYTHING.items() if name != "builder"}
        self.assertEqual(spec_fields(ImageSpec(**EVERYTHING)), {**wanted, "source_copy_mode": "ALL"})
        self.assertEqual(list(spec_fields(ImageSpec(**EVERYTHING))["env"]), ["2", "1"])

    def test_what_is_not_set_is_left_out(self):
        fields = spec_fields(ImageSpec(name="x", packages=["flytekit"]))
        self.assertEqual(fields, {"name": "x", "packages": ["flytekit"], "platform": "linux/amd64"})

    def test_a_spec_as_base_is_an_object(self):
        image = ImageSpec(name="x", base_image=ImageSpec(name="base", builder="imagespec", packages=["flytekit"]))
        base = {"name": "base", "packages": ["flytekit"], "platform": "linux/amd64"}
        self.assertEqual(spec_fields(image)["base_image"], base)

    def test_the_callers_python_is_told_beside_the_spec(self):
        image = ImageSpec(name="x", packages=["flytekit"])
        self.answer_for(image)
        ImagespecBuilder().build_image(image)
        argv = self.calls()[0]["argv"]
        self.assertEqual(argv[argv.index("--default-python") + 1], PYTHON)
        self.assertNotIn("python_version", self.calls()[0]["spec"])


class UnaskedPackagesTest(GroundTest):
    def test_flytekit_is_added_in_the_callers_version(self):
        own = [f"flytekit=={flytekit.__version__}"]
        self.assertEqual(unasked_packages(ImageSpec()), own)
        self.assertEqual(unasked_packages(ImageSpec(packages=["pandas", "flytekitplugins-spark", "flytekit-x"])), own)

    def test_a_flytekit_that_is_named_stays_as_it_is(self):
        for package in ("flytekit", "flytekit>=1.10.3", "flytekit==1.12.3", "flytekit[all] ~=1.2"):
            self.assertEqual(unasked_packages(ImageSpec(packages=[package])), [], package)

    def test_a_version_that_was_never_published_is_not_asked_for(self):
        with mock.patch.object(flytekit, "__version__", "1.17.0.dev3"):
            self.assertEqual(unasked_packages(ImageSpec()), ["flytekit"])
        with mock.patch.object(flytekit, "__version__", ""):
            self.assertEqual(unasked_packages(ImageSpec()), ["flytekit"])

    def of_file(self, name: str, text: str) -> int:
        (self.folder / name).write_text(text)
        return len(unasked_packages(ImageSpec(requirements=name)))

    def test_requirements_may_name_it_too(self):
        self.assertEqual(self.of_file("requirements.txt", "pandas\n  flytekit==1.10\n"), 0)
        self.assertEqual(self.of_file("requirements.in", "pandas\n# flytekit\n"), 1)
        self.assertEqual(self.of_file("pyproject.toml", '[project]\ndependencies = ["x", "flytekit>=1"]\n'), 0)
        self.assertEqual(self.of_file("pyproject.toml", '[project]\ndependencies = ["flytekitplugins-x"]\n'), 1)
        self.assertEqual(self.of_file("job.py", '# /// script\n# dependencies = ["flytekit"]\n# ///\n'), 0)

    def test_a_lock_file_says_all_there_is(self):
        for name in ("uv.lock", "poetry.lock", "pylock.toml", "pylock.dev.toml"):
            self.assertEqual(self.of_file(name, ""), 0, name)


class LoadedModulesTest(GroundTest):
    def test_they_are_listed_as_flytekit_lists_them(self):
        package = self.folder / "src" / "loaded"
        package.mkdir(parents=True)
        for name in ("__init__", "used", "unused"):
            (package / f"{name}.py").write_text("")
        self.replace(mock.patch.object(sys, "path", [str(self.folder / "src"), *sys.path]))
        self.replace(mock.patch.dict(sys.modules))
        importlib.import_module("loaded.used")
        # flytekit hashes a file that is loaded twice twice.
        sys.modules["again"] = sys.modules["loaded.used"]
        fields = spec_fields(ImageSpec(packages=["flytekit"], source_root=str(self.folder / "src")))
        self.assertEqual(fields["source_copy_mode"], "LOADED_MODULES")
        self.assertEqual(fields["source_files"], ["loaded/__init__.py", "loaded/used.py", "loaded/used.py"])

    def test_other_modes_list_nothing(self):
        for mode in (CopyFileDetection.ALL, CopyFileDetection.NO_COPY):
            fields = spec_fields(ImageSpec(source_root=str(self.folder), source_copy_mode=mode))
            self.assertEqual((fields["source_copy_mode"], "source_files" in fields), (mode.name, False))

    def test_without_a_root_there_is_nothing_to_copy(self):
        image = ImageSpec(source_copy_mode=CopyFileDetection.LOADED_MODULES)
        self.assertRaisesRegex(ImagespecError, "it has no source_root", spec_fields, image)
