"""flytekit's builder interface over the command line of imagespec."""

from __future__ import annotations

import dataclasses
import os
import sys
from typing import Any

import click
from flytekit.image_spec.image_spec import ImageSpec, ImageSpecBuilder

from .cli import build
from .errors import ImagespecError
from .fields import spec_fields

PUSH_VARIABLE = "FLYTE_PUSH_IMAGE_SPEC"


@dataclasses.dataclass(frozen=True)
class _Built:
    """An image of this process: specs on top of it are built from its spec, so that their id and tag are flytekit's."""

    #: With a tag, as flytekit names it before it is built.
    name: str
    fields: dict[str, Any]


class ImagespecBuilder(ImageSpecBuilder):
    """Builds images by imagespec, which asks the registry first and leaves alone what exists."""

    builder_type = "imagespec"

    def __init__(self) -> None:
        self._built: dict[str, _Built] = {}

    def should_build(self, image_spec: ImageSpec) -> bool:
        """Always true: whether the image exists is asked while building, and not to know it is an error there."""
        return True

    def build_image(self, image_spec: ImageSpec) -> str:
        """Builds and pushes the image unless it exists; returns its name with its digest.

        Without pushing, the image is left under ./.imagespec, and its name has a tag.

        Raises ImagespecError.
        """
        fields = spec_fields(image_spec)
        base = self._built.get(image_spec.base_image) if isinstance(image_spec.base_image, str) else None
        if base is not None:
            fields["base_image"] = base.fields
        pushes = _pushes()
        images = build(fields, _options(image_spec, pushes))
        _tell(images)
        image = images[-1]
        name = image["name"]
        _require_tag(image_spec, base, name)
        reference = image["reference"] if pushes else name
        self._built[reference] = _Built(name, fields)
        return reference


def _tell(images: list[dict[str, Any]]) -> None:
    """What the command keeps to its result when that is JSON; of several images it has told the outcome itself."""
    for image in images:
        if len(images) == 1:
            click.secho(f"{image.get('status', 'built')}: {image['reference']}", fg="blue", err=True)
        for warning in image.get("warnings", []):
            click.secho(f"warning: {warning}", fg="yellow", err=True)


def _options(spec: ImageSpec, pushes: bool) -> list[str]:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    options = ["--default-python", version]
    if pushes:
        options.append("--push")
    if getattr(spec, "_is_force_push", False):
        options.append("--force")
    return options


def _pushes() -> bool:
    return os.environ.get(PUSH_VARIABLE, "True").lower() in ("true", "1")


def _require_tag(spec: ImageSpec, base: _Built | None, name: str) -> None:
    """Compares the name with flytekit's: they differ when files were changed while the image was built."""
    built = name.rpartition(":")[2]
    wanted = _tag_of(spec, base)
    if built == wanted:
        return
    raise ImagespecError(
        f"imagespec has tagged the image of {spec.name!r} with {built}, but flytekit expects {wanted}",
        "Files of the spec were changed meanwhile, or flytekit and imagespec do not fit together: try again.",
    )


def _tag_of(spec: ImageSpec, base: _Built | None) -> str:
    """flytekit's tag.

    On top of another spec it depends on when flytekit was first asked, since the name of the base gets a digest when it
    is built. The tag from before is taken then, which any process gives.
    """
    if base is not None:
        return dataclasses.replace(spec, base_image=base.name).tag
    is_on_spec = dataclasses.replace(spec).id != spec.id
    return dataclasses.replace(spec).tag if is_on_spec else spec.tag
