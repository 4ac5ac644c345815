"""The images, built once for all tests of them; where that cannot be they say why, and on CI that is a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.image.built import SERVICES, Image, Workshop

LACKING = {"buildah": "buildah", "mmdebstrap": "mmdebstrap"}
"""Programs and Debian's packages of them."""


@pytest.fixture(scope="session")
def workshop(server_folder: Path) -> Iterator[Workshop]:
    """A store of images with the base."""
    why = None
    if lacking := [package for program, package in LACKING.items() if shutil.which(program) is None]:
        why = f"install Debian's packages {', '.join(lacking)} to try the images"
    elif os.geteuid() != 0:
        why = "images are built and jailed by root: run these tests as root to try the images"
    if why is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must build images: {why}")
        pytest.skip(why)
    folder = server_folder / "images"
    folder.mkdir()
    made = Workshop(folder)
    try:
        made.make_base()
        yield made
    finally:
        made.close()
        # What is left mounted would keep the folder from going.
        subprocess.run(["umount", "--quiet", str(folder / "store" / "overlay")], check=False)


@pytest.fixture(scope="session")
def images(workshop: Workshop) -> dict[str, Image]:
    """The four services' images by name."""
    workshop.build(*SERVICES)
    return {each: workshop.image(each) for each in SERVICES}
