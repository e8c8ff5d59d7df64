"""`python -m pipelines` compiles every pipeline to the YAML beside it, which is what runs."""

from pathlib import Path

from kfp import compiler

from pipelines.resolve import resolve
from pipelines.retrain import retrain
from pipelines.taxonomy import taxonomy

PIPELINES = {"taxonomy": taxonomy, "resolve": resolve, "retrain": retrain}


def compile_to(folder: Path) -> None:
    """Write every compiled pipeline into a folder, as `<name>.yaml`."""
    for name, pipeline in PIPELINES.items():
        compiler.Compiler().compile(pipeline, str(folder / f"{name}.yaml"))


if __name__ == "__main__":
    compile_to(Path(__file__).parent)
