"""Losses of five networks and a readout are those of before: a change of arithmetic shows here.

`python -m benchmarks.golden > tests/unit/golden.json` writes them anew.
"""

import json
from pathlib import Path

import numpy as np

from benchmarks.golden import TASKS, losses

GOLDEN = Path(__file__).with_name("golden.json")
TOLERANCE = 0.02
"""Relative: equal on one kind of processor; elsewhere sums are rounded in another order."""


def test_losses_are_the_golden_ones(tmp_path: Path) -> None:
    golden, found = json.loads(GOLDEN.read_text()), losses(tmp_path)
    assert [*found] == [*golden] == [*TASKS, "autoencoding-normal"]
    for name, expected in golden.items():
        np.testing.assert_allclose(found[name], expected, rtol=TOLERANCE, err_msg=name)
