"""Unit costs: what a run was measured to take, in the shape that costs are computed from.

`taskonomy cluster units OUT` derives them from a finished run. `units.json` beside this module is
what it printed for a run of the demo profile; `requests.json` is what `python -m
benchmarks.requests` printed. Each names its command and its machine.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from taskonomy.errors import BadInput

MEASURED = Path(__file__).with_name("units.json")
REQUESTS = Path(__file__).with_name("requests.json")


class Rate(NamedTuple):
    """How fast models of one kind were trained and tested.

    Attributes:
        models: how many.
        seconds: their wall-clock time together.
        operations: their floating-point operations together, counted.
    """

    models: int
    seconds: float
    operations: float

    @property
    def speed(self) -> float:
        """Operations a second."""
        return self.operations / self.seconds


class Effort(NamedTuple):
    """What a stage that trains nothing took.

    Attributes:
        fixed: seconds of starts and imports, whatever there is to do.
        seconds: of its own work.
        amount: what it worked on (`amounts.stages`).
    """

    fixed: float
    seconds: float
    amount: float

    def of(self, amount: float) -> float:
        """Seconds for another amount."""
        return self.fixed + self.seconds * amount / self.amount


@dataclass(frozen=True, kw_only=True)
class Units:
    """What a run took.

    Attributes:
        command: what was run, and what derived these numbers.
        machine: what it ran on.
        config: the profile that it ran with, as `Config.to_json` writes it.
        shards: how many shards trained at once.
        rates: by kind of model: `task`, `scratch`, and `order N` for readouts.
        beside: seconds a model of training pods beside the models' own, by stage: start, decoding,
            representations, logging.
        stages: the stages that train nothing, all uses of one together.
        rendering: seconds of the stage version-data, an image.
        image: bytes of an image with all its labels, a pixel.
        tracking: bytes of MLflow's database, a model.
    """

    command: str
    machine: Mapping[str, Any]
    config: str
    shards: int
    rates: Mapping[str, Rate]
    beside: Mapping[str, float]
    stages: Mapping[str, Effort]
    rendering: float
    image: float
    tracking: float

    def to_json(self) -> str:
        """As `units.json` holds them."""
        values = asdict(self)
        for name in ("rates", "stages"):
            values[name] = {key: entry._asdict() for key, entry in getattr(self, name).items()}
        return json.dumps(values, indent=1) + "\n"


def read(path: Path = MEASURED) -> Units:
    """Read unit costs.

    Raises:
        BadInput: no such file, or it holds something else.
    """
    try:
        values = json.loads(path.read_bytes())
        rates = {kind: Rate(**rate) for kind, rate in values.pop("rates").items()}
        stages = {stage: Effort(**effort) for stage, effort in values.pop("stages").items()}
        return Units(rates=rates, stages=stages, **values)
    except FileNotFoundError as error:
        raise BadInput(f"{path}: no such file; expected unit costs") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(
            f"{path}: no unit costs ({error}); expected what `taskonomy cluster units` prints"
        ) from error
