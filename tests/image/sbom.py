"""The bill of materials is made beside the Dockerfile; its module is no package."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from tests.place import ROOT


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("image_sbom", ROOT / "deploy" / "image" / "sbom.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["image_sbom"] = module
    spec.loader.exec_module(module)
    return module


_module = _load()
components = _module.components
document = _module.document
