"""Encoders of a user's own as sources of a run: their names, their codes, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from safetensors.torch import save_file
from torchvision.models import squeezenet1_1

from taskonomy.affinity.candidate import Candidate
from taskonomy.config import Config, SourceConfig
from taskonomy.errors import BadInput
from taskonomy.runs.dataset import declared_dictionary
from taskonomy.store import Store
from taskonomy.taxonomy.hypergraph import Question, build
from taskonomy.training.identity import model_id
from taskonomy.training.representations import codes_of
from taskonomy.training.session import Session
from taskonomy.training.workspace import Workspace

OWN = "torchvision:squeezenet1_1"


def weights(folder: Path, seed: int) -> str:
    """A file of a small network's weights, random by a seed."""
    torch.manual_seed(seed)
    file = folder / f"{seed}.safetensors"
    save_file(squeezenet1_1().state_dict(), file)
    return str(file)


def with_source(workspace: Workspace, **values: object) -> Workspace:
    """The workspace of a run with one encoder."""
    config = workspace.config.updated(sources=[{"name": "own", "encoder": OWN, **values}])
    dictionary = declared_dictionary(workspace.store, config, "")
    return replace(workspace, config=config, dictionary=dictionary)


def test_its_weights_and_size_are_in_the_names_of_its_readouts_alone(
    fresh: Workspace, tmp_path: Path
) -> None:
    first = with_source(fresh, weights=weights(tmp_path, 0))
    others = [
        with_source(fresh, weights=weights(tmp_path, 1)),
        with_source(fresh, weights=weights(tmp_path, 0), resolution=48),
    ]
    dearer = with_source(fresh, weights=weights(tmp_path, 0), cost=2.0)

    def name(workspace: Workspace, source: str) -> str:
        return model_id(workspace, "transfer", "normal", (source,))

    assert len({name(workspace, "own") for workspace in (first, *others)}) == 3
    assert len({name(workspace, "reshading") for workspace in (fresh, first, *others)}) == 1
    assert name(dearer, "own") == name(first, "own")


def test_its_codes_have_the_size_of_the_runs_and_follow_its_weights(
    fresh: Workspace, tmp_path: Path
) -> None:
    views = np.arange(3)
    first, second, larger = (
        codes_of(Session(with_source(fresh, **values)), "own", views)
        for values in (
            {"weights": weights(tmp_path, 0)},
            {"weights": weights(tmp_path, 1)},
            {"weights": weights(tmp_path, 0), "resolution": 96},
        )
    )
    assert first.shape == second.shape == larger.shape == (3, 512, 8, 8)
    assert np.abs(first - second).max() > 1e-3
    assert np.abs(first - larger).max() > 1e-3


def test_every_process_finds_the_weights_in_the_store(fresh: Workspace, tmp_path: Path) -> None:
    workspace = with_source(fresh, weights=weights(tmp_path, 0))
    before = codes_of(Session(workspace), "own", np.arange(2))
    (tmp_path / "0.safetensors").unlink()
    assert codes_of(Session(workspace), "own", np.arange(2)).tobytes() == before.tobytes()


@pytest.mark.filterwarnings("ignore")  # of MLflow's own
def test_weights_may_come_from_a_registered_model(fresh: Workspace, tmp_path: Path) -> None:
    tracking = f"sqlite:///{tmp_path}/mlflow.db"
    held = tmp_path / "registered"
    held.mkdir()
    file = Path(weights(held, 0))
    client = MlflowClient(tracking)
    client.create_registered_model("mine")
    client.create_model_version("mine", str(held))
    source = {"name": "own", "encoder": OWN}

    def code(place: str) -> str:
        config = fresh.config.updated(sources=[{**source, "weights": place}])
        return declared_dictionary(fresh.store, config, tracking)["own"].code

    assert code("models:/mine/1") == code(str(file))
    with pytest.raises(BadInput, match=r"models:/mine/2: .*; expected a registered model"):
        code("models:/mine/2")


def test_an_encoder_that_changed_since_the_run_began_is_refused(
    fresh: Workspace, tmp_path: Path
) -> None:
    workspace = with_source(fresh, weights=weights(tmp_path, 0))
    place = ("encoders", workspace.dictionary["own"].code)
    fresh.store.write_bytes(Path(weights(tmp_path, 1)).read_bytes(), *place)
    with pytest.raises(BadInput, match=r"sources\.own: the encoder .* is another one than at the"):
        codes_of(Session(workspace), "own", np.arange(2))


def test_it_may_be_bought_at_its_cost(fresh: Workspace, tmp_path: Path) -> None:
    dictionary = with_source(fresh, weights=weights(tmp_path, 0), cost=0.5).dictionary
    rows = [
        Candidate(regime="8", target="normal", sources=(name,), kind="transfer", affinity=0.5)
        for name in ("own", "reshading")
    ]
    graph = build(rows, Question(scale="raw", dictionary=dictionary))
    assert graph.cost == {"own": 0.5, "reshading": 1.0}
    assert build(rows, Question(scale="raw", dictionary=dictionary, cost={"own": 2.0})).cost == {
        "own": 2.0,
        "reshading": 1.0,
    }


GOOD = {"name": "own", "encoder": OWN}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({**GOOD, "name": "normal"}, "demo.sources: 'normal' is a task already; expected a name"),
        ({**GOOD, "name": "My own"}, "sources.name: found 'My own'; expected"),
        ({**GOOD, "costs": 1}, "sources.costs: unknown key; expected one of: name, encoder, wei"),
        ({"name": "own"}, "sources.encoder: missing; expected a value"),
        ({**GOOD, "cost": -1}, "sources.cost: found -1"),
        ({**GOOD, "weights": "absent.pt"}, "sources.own: weights absent.pt: no such file; exp"),
        ({**GOOD, "weights": __file__}, f"{OWN}: weights {__file__}: found text"),
        ({**GOOD, "encoder": "torchvision:vgg99"}, "torchvision has no network 'vgg99'"),
    ],
)
def test_a_source_that_cannot_be_used_is_one_line(
    small: Config, tmp_path: Path, source: dict[str, object], words: str
) -> None:
    with pytest.raises(BadInput) as raised:
        declared_dictionary(Store(str(tmp_path)), small.updated(sources=[source]), "")
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_two_sources_have_two_names(small: Config) -> None:
    source = SourceConfig(name="own", encoder=OWN).model_dump()
    with pytest.raises(BadInput, match="sources: 'own' is another source already"):
        small.updated(sources=[source, source])
