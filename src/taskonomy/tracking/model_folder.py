"""A published taxonomy as a folder that MLflow loads: from code, without pickle."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from taskonomy.taxonomy import request
from taskonomy.tracking import model_code

with warnings.catch_warnings():
    # MLflow warns of types of its own while this is imported.
    warnings.simplefilter("ignore")
    from mlflow.models import ModelSignature
    from mlflow.pyfunc import save_model
    from mlflow.types.schema import AnyType, Array, ColSpec, DataType, Map, Schema

_ENTRY = Path(__file__).with_name("taxonomy_model.py")
_EXAMPLE: Mapping[str, Any] = {"budget": 4.0, "max_order": 2}

_HELD = {"affinities": "affinity.parquet", "taxonomy": "taxonomy.json"}
"""The files of a publication that the model holds, by the names that MLflow gives them."""


def save(publication: Sequence[Path], regime: str, folder: Path) -> None:
    """Write the model of a publication into a new folder.

    Args:
        publication: files, among them affinity.parquet and taxonomy.json.
        regime: the regime whose affinities are asked where a request names none.
        folder: where the model is written; it does not exist yet.
    """
    places = {file.name: file for file in publication}
    with TemporaryDirectory() as temporary:
        code = model_code.copy(_ENTRY, Path(temporary))
        entry = Path(temporary) / _ENTRY.name
        entry.write_text(model_code.renamed(_ENTRY.read_text(encoding="utf-8"), code.name))
        save_model(
            folder,
            python_model=str(entry),
            code_paths=[str(Path(temporary) / code.name)],
            artifacts={key: str(places[name]) for key, name in _HELD.items()},
            model_config={"regime": regime},
            # MLflow adds itself, in the version that saves.
            pip_requirements=model_code.requirements(set(code.libraries) - {"mlflow"}),
            signature=_signature(),
            input_example=dict(_EXAMPLE),
        )


def _signature() -> ModelSignature:
    """What a request may hold, and that a policy is returned."""
    texts, numbers = Array(DataType.string), Map(DataType.double)
    types = {
        "budget": DataType.double,
        "max_order": DataType.long,
        "scale": DataType.string,
        "regime": DataType.string,
        **dict.fromkeys(request.NAMES, texts),
        **dict.fromkeys(request.NUMBERS, numbers),
        **dict.fromkeys(request.SWITCHES, DataType.boolean),
    }
    inputs = [ColSpec(types[name], name, name == "budget") for name in request.ARGUMENTS]
    policy = ColSpec(AnyType())  # type: ignore[no-untyped-call]
    signature = ModelSignature(Schema([*inputs]), Schema([policy]))
    # As of a model that checks its requests by itself: MLflow would drop unknown arguments with no
    # more than a warning, and refuse a whole number where it was told of a float.
    signature._is_signature_from_type_hint = True
    return signature
