"""flytekit's engine with this builder; the cases are those of flytekit's own tests of the engine, and ours."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import subprocess
import sys
from unittest import mock

from flytekit import ImageSpec
from flytekit.core import context_manager
from flytekit.core.context_manager import ExecutionState
from flytekit.image_spec.image_spec import ImageBuildEngine
from ground import DIGEST, GroundTest, built, pinned

import imagespec_flytekit
from imagespec_flytekit import ImagespecBuilder, ImagespecError


def spec(**fields: object) -> ImageSpec:
    return ImageSpec(**{"name": "x", "registry": "localhost:5000", "packages": ["pandas"], **fields})


class PriorityTest(GroundTest):
    def test_installed_it_is_the_default(self):
        self.assertEqual(spec().builder, "imagespec")
        self.assertEqual(ImageBuildEngine.get_registry()["imagespec"][1], imagespec_flytekit.DEFAULT_PRIORITY)

    def test_a_builder_of_a_higher_priority_is_taken(self):
        other = mock.Mock(**{"build_image.return_value": "real.example/x:1"})
        ImageBuildEngine.register("other", other, priority=10)
        image = spec()
        ImageBuildEngine.build(image)
        self.assertEqual(image.builder, "other")
        self.assertEqual(image.image_name(), "real.example/x:1")
        self.assertEqual(self.calls(), [])

    def test_the_priority_is_an_argument_or_a_variable(self):
        imagespec_flytekit.register(priority=0)
        self.assertEqual(spec().builder, "default")
        with mock.patch.dict(os.environ, {"IMAGESPEC_FLYTEKIT_PRIORITY": "7"}):
            imagespec_flytekit.register()
        self.assertEqual(ImageBuildEngine.get_registry()["imagespec"][1], 7)

    def test_a_priority_that_is_no_number_is_refused(self):
        with mock.patch.dict(os.environ, {"IMAGESPEC_FLYTEKIT_PRIORITY": "high"}):
            self.assertRaisesRegex(ImagespecError, "IMAGESPEC_FLYTEKIT_PRIORITY is 'high'", imagespec_flytekit.register)

    def test_flytekit_loads_it_by_itself(self):
        program = "from flytekit import ImageSpec; print(ImageSpec().builder)"
        self.assertEqual(subprocess.check_output([sys.executable, "-c", program], text=True), "imagespec\n")

    def test_it_may_be_imported_first(self):
        program = "import imagespec_flytekit; from flytekit import ImageSpec; print(ImageSpec().builder)"
        self.assertEqual(subprocess.check_output([sys.executable, "-c", program], text=True), "imagespec\n")


class BuildTest(GroundTest):
    def test_the_name_has_the_digest_that_was_pushed(self):
        image = spec()
        name = image.image_name()
        self.answer_for(image)
        ImageBuildEngine.build(image)
        self.assertEqual(image.image_name(), f"localhost:5000/x@{DIGEST}")
        self.assertEqual(image.image_name(), pinned(name))

    def test_a_second_build_does_nothing_even_without_a_builder(self):
        image = spec()
        self.answer_for(image)
        ImageBuildEngine.build(image)
        ImageBuildEngine.get_registry().pop("imagespec")
        ImageBuildEngine.build(image)
        self.assertEqual(len(self.calls()), 1)

    def test_a_builder_that_nobody_knows_is_refused(self):
        with self.assertRaisesRegex(AssertionError, "flyte is not registered"):
            ImageBuildEngine.build(spec(builder="flyte"))

    def test_nothing_is_built_while_a_task_runs(self):
        context = context_manager.FlyteContextManager.current_context()
        state = context.execution_state.with_params(mode=ExecutionState.Mode.TASK_EXECUTION)
        with context_manager.FlyteContextManager.with_context(context.with_execution_state(state)):
            ImageBuildEngine.build(spec(builder="nobody"))
        self.assertEqual(self.calls(), [])

    def test_existence_is_asked_by_the_command_alone(self):
        image = spec()
        with mock.patch.object(ImageSpec, "exist", side_effect=AssertionError("asked")):
            self.assertTrue(ImagespecBuilder().should_build(image))
            self.answer_for(image)
            ImageBuildEngine.build(image)
        self.assertEqual(len(self.calls()), 1)

    def test_force_push_is_an_option(self):
        for image in (spec().force_push(), self._forced_by_environment()):
            self.answer_for(image)
            ImagespecBuilder().build_image(image)
        image = spec()
        ImagespecBuilder().build_image(image)
        self.assertEqual(["--force" in call["argv"] for call in self.calls()], [True, True, False])

    def _forced_by_environment(self) -> ImageSpec:
        with mock.patch.dict(os.environ, {"FLYTE_FORCE_PUSH_IMAGE_SPEC": "True"}):
            return spec()

    def test_what_is_not_pushed_keeps_its_name(self):
        image = spec()
        name = image.image_name()
        self.answers(x={"stdout": {"images": [{"name": name, "reference": "oci:.imagespec/x"}]}})
        for value in ("0", "false"):
            with mock.patch.dict(os.environ, {"FLYTE_PUSH_IMAGE_SPEC": value}):
                self.assertEqual(ImagespecBuilder().build_image(image), name)
        self.assertEqual(["--push" in call["argv"] for call in self.calls()], [False, False])

    def test_pushing_is_asked_for_by_one_and_true(self):
        self.answer_for(spec())
        for value in ("1", "True"):
            with mock.patch.dict(os.environ, {"FLYTE_PUSH_IMAGE_SPEC": value}):
                ImagespecBuilder().build_image(spec())
        self.assertEqual(["--push" in call["argv"] for call in self.calls()], [True, True])

    def test_files_that_changed_meanwhile_are_an_error(self):
        file = self.folder / "requirements.txt"
        file.write_text("pandas\n")
        image = spec(packages=None, requirements=str(file))
        before = image.tag
        file.write_text("numpy\n")
        now = dataclasses.replace(image).tag
        self.answers(x=built(f"localhost:5000/x:{now}"))
        with self.assertRaisesRegex(
            ImagespecError, f"has tagged the image of 'x' with {now}, but flytekit expects {before}"
        ):
            ImagespecBuilder().build_image(image)

    def test_a_tag_format_is_kept(self):
        image = spec(tag_format="{spec_hash}-dev")
        self.assertTrue(image.tag.endswith("-dev"))
        self.answer_for(image)
        self.assertEqual(ImagespecBuilder().build_image(image), f"localhost:5000/x@{DIGEST}")


class WordsTest(GroundTest):
    def said(self, *images: dict[str, object]) -> str:
        self.answers(
            x={"stdout": {"images": [*images, {"name": spec().image_name(), "reference": "x@1", "status": "exists"}]}}
        )
        with contextlib.redirect_stderr(io.StringIO()) as words:
            ImagespecBuilder().build_image(spec())
        return words.getvalue()

    def test_the_outcome_is_told(self):
        self.assertEqual(self.said(), "exists: x@1\n")

    def test_of_several_images_the_command_tells_it_itself_but_no_warnings(self):
        self.assertEqual(
            self.said({"name": "base:1", "reference": "base@1", "warnings": ["the base moved"]}),
            "warning: the base moved\n",
        )


class NestedTest(GroundTest):
    def nested(self) -> ImageSpec:
        return spec(name="child", base_image=spec(name="base"))

    def test_the_base_is_built_first_and_is_in_the_spec_above_it(self):
        image = self.nested()
        self.answer_for(image, image.base_image)
        fresh = self.nested()
        ImageBuildEngine.build(fresh)
        base, child = self.calls()
        self.assertEqual([base["spec"]["name"], child["spec"]["name"]], ["base", "child"])
        self.assertEqual(child["spec"]["base_image"], base["spec"])
        self.assertEqual(fresh.image_name(), f"localhost:5000/child@{DIGEST}")

    def test_a_tag_that_was_asked_for_before_is_no_other(self):
        image = self.nested()
        self.answer_for(image, image.base_image)
        asked = self.nested()
        name = asked.image_name()
        ImageBuildEngine.build(asked)
        self.assertEqual(asked.image_name(), pinned(name))

    def test_a_third_spec_may_stand_on_the_second(self):
        image = spec(name="grandchild", base_image=self.nested())
        child = image.base_image
        self.answer_for(image, child, child.base_image)
        ImageBuildEngine.build(spec(name="grandchild", base_image=self.nested()))
        self.assertEqual(self.calls()[2]["spec"]["base_image"]["base_image"]["name"], "base")

    def test_a_base_of_another_builder_is_the_name_that_it_gives(self):
        def nested() -> ImageSpec:
            return spec(name="child", base_image=ImageSpec(builder="noop", base_image="python:3.12"))

        flat = spec(name="child", base_image="python:3.12")
        self.answers(child=built(flat.image_name()))
        ImageBuildEngine.build(nested())
        ImageBuildEngine.build.cache_clear()
        ImageBuildEngine._IMAGE_NAME_TO_REAL_NAME.clear()
        asked = nested()
        asked.image_name()
        ImageBuildEngine.build(asked)
        self.assertEqual([call["spec"]["base_image"] for call in self.calls()], ["python:3.12"] * 2)

    def test_without_pushing_the_base_is_in_the_spec_too(self):
        image = self.nested()
        names = {one.name: one.image_name() for one in (image, image.base_image)}
        self.answers(
            **{name: {"stdout": {"images": [{"name": full, "reference": "oci:x"}]}} for name, full in names.items()}
        )
        with mock.patch.dict(os.environ, {"FLYTE_PUSH_IMAGE_SPEC": "0"}):
            ImageBuildEngine.build(self.nested())
        self.assertEqual(self.calls()[1]["spec"]["base_image"]["name"], "base")
