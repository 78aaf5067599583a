"""The builder in flytekit's registry, by priority."""

from __future__ import annotations

import os

from flytekit.image_spec.image_spec import ImageBuildEngine

from .builder import ImagespecBuilder
from .errors import ImagespecError

PRIORITY_VARIABLE = "IMAGESPEC_FLYTEKIT_PRIORITY"

#: Above flytekit's own builder (1): whoever installs the plug-in wants it. Below Union's (10).
DEFAULT_PRIORITY = 5


def register(priority: int | None = None) -> None:
    """Registers the builder, again if need be. The builder of the highest priority takes specs that name none."""
    chosen = _priority_of_environment() if priority is None else priority
    ImageBuildEngine.register(ImagespecBuilder.builder_type, ImagespecBuilder(), priority=chosen)


def _priority_of_environment() -> int:
    text = os.environ.get(PRIORITY_VARIABLE, "").strip()
    if not text:
        return DEFAULT_PRIORITY
    try:
        return int(text)
    except ValueError:
        raise ImagespecError(
            f"{PRIORITY_VARIABLE} is {text!r}, which is not a whole number",
            "flytekit's own builder has priority 1; 0 leaves it the default.",
        ) from None
