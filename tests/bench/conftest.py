"""The benchmarks are run from the root (`python -m bench`) and installed nowhere: their tests find them there too."""

import sys

from tests.place import ROOT

sys.path.append(str(ROOT))
