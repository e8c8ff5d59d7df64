"""`python -m pipelines` compiles every pipeline to the YAML beside it, which is what runs."""

import json
import re
from ast import literal_eval
from pathlib import Path

from kfp import compiler

from pipelines.novel_task import novel_task
from pipelines.resolve import resolve
from pipelines.retrain import retrain
from pipelines.taxonomy import taxonomy

PIPELINES = {
    "taxonomy": taxonomy,
    "novel_task": novel_task,
    "resolve": resolve,
    "retrain": retrain,
}


def compile_to(folder: Path) -> None:
    """Write every compiled pipeline into a folder, as `<name>.yaml`."""
    for name, pipeline in PIPELINES.items():
        file = folder / f"{name}.yaml"
        compiler.Compiler().compile(pipeline, str(file))
        file.write_text(re.sub(r"\[Default: (\{.*\})\]", _sorted, file.read_text()))


def _sorted(default: re.Match[str]) -> str:
    """A struct's default in the comments on top, which kfp prints in protobuf's random order."""
    return f"[Default: {json.dumps(literal_eval(default[1]), sort_keys=True)}]"


if __name__ == "__main__":
    compile_to(Path(__file__).parent)
