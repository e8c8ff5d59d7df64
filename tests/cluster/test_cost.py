"""What a run costs: counts by training's own rules, and arithmetic checked against torch."""

import json
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from taskonomy.cluster import amounts, units
from taskonomy.cluster.compiled import Compiled, read
from taskonomy.cluster.cost import LOOPS, cost, pods_of, shards_of
from taskonomy.cluster.loads import Loads
from taskonomy.cluster.measure import units as measured
from taskonomy.cluster.units import Effort, Rate, Units
from taskonomy.config import Config, load
from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.networks.readout import Readout
from taskonomy.networks.task_network import TaskNetwork
from taskonomy.runs import sharding

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture(scope="module")
def demo() -> Config:
    return load(PARAMS, "demo")


@pytest.fixture(scope="module")
def pipeline() -> Compiled:
    return read("taxonomy")


UNITS = Units(
    command="none",
    machine={"device": "a device of 1 GFLOP/s"},
    config="{}",
    shards=1,
    rates={kind: Rate(1, 1.0, 1e9) for kind in ("task", "scratch", "order 1", "order 2")},
    beside={"train-task": 1.0, "train-transfers": 0.5},
    stages={"publish": Effort(2.0, 5.0, 865.0), "solve-taxonomy": Effort(1.0, 0.0, 1.0)},
    rendering=0.25,
    image=10.0,
    tracking=1000.0,
)
"""Round units, so that a known answer can be worked out by hand."""


def test_operations_are_those_that_torch_counts(demo: Config) -> None:
    loads, of = Loads(demo), DICTIONARY["normal"]
    network = TaskNetwork(of, demo.network, of.channels).eval()
    readout = Readout(of, demo, torch.zeros(32), torch.ones(32), of.channels).eval()
    images, codes = torch.zeros(1, 1, 3, 64, 64), torch.zeros(1, 1, 32, 8, 8)
    for made, inputs, found in (
        (network, images, loads.network(of)),
        (readout, codes, loads.readout(of, 4)),
    ):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            made(inputs)
        assert found.test == counter.get_total_flops()
        size = sum(value.numel() * value.element_size() for value in made.state_dict().values())
        assert found.size == size
    assert loads.networks([of, of]) == loads.network(of)


def test_the_demo_profile_trains_865_models(demo: Config) -> None:
    found = amounts.models(demo)
    assert found == amounts.Models(tasks=25, untrained=1, targets=22, readouts=(572, 220))
    assert found.all == 865
    jobs = sharding.first_order(DICTIONARY, DICTIONARY.names, demo)
    assert len(jobs) == found.targets + found.readouts[0]


def test_regimes_and_seeds_multiply_the_readouts(demo: Config) -> None:
    found = amounts.models(demo.updated(regimes=(220, 27), seeds=3))
    assert found.readouts == (6 * 572, 6 * 220)
    assert found.all == 2 * 25 + 1 + 6 * (22 + 572 + 220)


def test_a_larger_dictionary_has_as_large_a_share_of_targets(demo: Config) -> None:
    found = amounts.models(demo, tasks=260)
    assert found == amounts.Models(tasks=259, untrained=1, targets=220, readouts=(57_200, 2_200))


def test_hours_are_work_over_speed(demo: Config, pipeline: Compiled) -> None:
    found, loads = cost(pipeline, demo, UNITS, {}), Loads(demo)
    amount = amounts.examples(demo)
    trained = [task for task in DICTIONARY if task.trained]
    targets = [task for task in DICTIONARY if task.role == "both"]

    def seconds(test: float, steps: int, batch: int) -> float:
        return test * (3 * steps * batch + amount.held) / 1e9

    network = loads.networks(trained).test
    expected = 25 * seconds(network, amount.steps, demo.training.batch) + 51 * 1.0
    steps, batch = amount.transfer_steps, demo.transfer.batch
    scratch = loads.networks(targets).test
    expected += 22 * (seconds(scratch, amount.scratch_steps, batch) + 0.5)
    for order, count in ((1, 572), (2, 220)):
        each = seconds(loads.readouts(targets, order).test, steps, batch)
        expected += count * (each + 0.5)
    assert found.gpu_hours == pytest.approx(expected / 3600)
    assert found.cpu_hours == pytest.approx((demo.data.images * 0.25 + 7.0 + 1.0) / 3600)
    assert {"Plan task networks", "Evaluate"} <= set(found.unmeasured)
    assert found.storage["images and labels"] == demo.data.images * 64 * 64 * 10.0
    assert found.storage["MLflow's database"] == 865_000.0
    a_model = json.loads(units.REQUESTS.read_text())["a_model"]
    assert found.requests == {kind: 865 * each for kind, each in a_model.items()}
    assert set(a_model) == {"GET", "HEAD", "LIST", "PUT"}


def test_stages_that_train_nothing_grow_with_what_they_work_on(
    demo: Config, pipeline: Compiled
) -> None:
    few, many = (amounts.stages(demo, amounts.models(demo, tasks)) for tasks in (26, 260))
    # Ten times the targets and the sources.
    assert many["select-candidates"] == pytest.approx(1000 * few["select-candidates"])
    assert many["publish"] == amounts.models(demo, 260).all
    more = demo.updated(affinity={"replicates": 1000})
    twice = amounts.stages(more, amounts.models(demo))["compute-affinity"]
    assert twice == 2 * few["compute-affinity"]
    found = cost(pipeline, demo, UNITS, {}, tasks=260)
    published = 2.0 + 5.0 * many["publish"] / 865
    assert found.cpu_hours == pytest.approx((demo.data.images * 0.25 + published + 1.0) / 3600)


def test_inserting_a_task_costs_its_own_readouts(demo: Config) -> None:
    found = cost(read("novel-task"), demo, UNITS, {})
    assert found.models.all == 37
    assert found.shards == {"first-order": 2, "higher-order": 2}
    targets = [task for task in DICTIONARY if task.role == "both"]
    loads, amount = Loads(demo), amounts.examples(demo)

    def seconds(test: float, steps: int) -> float:
        return test * (3 * steps * demo.transfer.batch + amount.held) / 1e9 + 0.5

    expected = seconds(loads.networks(targets).test, amount.scratch_steps)
    for order, count in ((1, 26), (2, 10)):
        expected += count * seconds(loads.readouts(targets, order).test, amount.transfer_steps)
    assert found.gpu_hours == pytest.approx(expected / 3600)
    assert found.storage["images and labels"] == 0


def test_pods_are_steps_with_their_drivers(pipeline: Compiled) -> None:
    outside = sum(not step.loop for step in pipeline.steps)
    for shards in (1, 20):
        found = pods_of(pipeline, dict.fromkeys(LOOPS, shards))
        assert found == 1 + 2 * outside + 3 + 3 * 3 * shards


def test_shards_are_no_more_than_there_is_to_train(demo: Config) -> None:
    found = shards_of(demo.model_copy(update={"shards": 120}), amounts.models(demo))
    assert found == {"task-networks": 26, "first-order": 120, "higher-order": 120}


def test_the_measured_units_give_back_the_run_that_they_were_measured_on(
    pipeline: Compiled,
) -> None:
    given = units.read()
    found = cost(pipeline, Config.from_json(given.config), given, {})
    trained = sum(rate.seconds for rate in given.rates.values())
    trained += 51 * given.beside["train-task"] + 814 * given.beside["train-transfers"]
    assert found.gpu_hours == pytest.approx(trained / 3600, rel=0.1)


def test_units_are_derived_from_a_finished_run_alone(tmp_path: Path, demo: Config) -> None:
    with pytest.raises(BadInput, match=r"models\.parquet"):
        measured(tmp_path, demo, "none")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rates": {"task": {}}}'])
def test_a_file_that_holds_no_units(tmp_path: Path, text: str) -> None:
    (tmp_path / "units.json").write_text(text)
    with pytest.raises(BadInput, match=r"units\.json: no unit costs"):
        units.read(tmp_path / "units.json")
