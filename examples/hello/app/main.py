"""A service of one page."""

import os
import platform

from fastapi import FastAPI

api = FastAPI()


@api.get("/")
def hello() -> dict[str, str]:
    return {"message": os.environ["GREETING"], "python": platform.python_version(), "machine": platform.machine()}
