"""The studies by name. Each is a module of that name; listing them imports none."""

from importlib import import_module
from typing import TYPE_CHECKING

from taskonomy.errors import BadInput

if TYPE_CHECKING:
    from taskonomy.studies.frame import Study

STUDIES = {
    "regimes": "readouts of a third and a ninth of the images: do affinities rank alike?",
    "label-efficiency": "labelled images to solve ten tasks, with a taxonomy and independently",
    "novel": "every target held out in turn, from transfers of orders 1 to 4",
    "transitivity": "chains a to b to c against direct transfers",
    "sensitivity": "encoder depth, code size, readout width and seed: what changes the affinities?",
    "generalisation": "encoders trained further on other data (--data): do sources rank alike?",
    "baselines": "self-supervised sources and your own encoders alone, against the taxonomy",
    "estimators": "cheap estimates of transferability against measured affinities, and their cost",
    "screening": "a third of the readouts' steps: as good a taxonomy by successive halving?",
    "convergence": "twice the steps, half of the images, another seed: is training long enough?",
    "order": "orders above 4 by nested sets of sources, for two targets",
}


def find(name: str) -> "Study":
    """The study of that name.

    Raises:
        BadInput: there is none.
    """
    if name not in STUDIES:
        raise BadInput(f"unknown study {name!r}; expected one of: {', '.join(STUDIES)}")
    module = import_module(f"taskonomy.studies.{name.replace('-', '_')}")
    study: Study = module.STUDY
    return study
