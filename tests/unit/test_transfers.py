"""Readouts of frozen representations, and which higher orders are tried."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.training import record
from taskonomy.training.candidates import higher_order
from taskonomy.training.examples import examples
from taskonomy.training.identity import job_ref, model_id
from taskonomy.training.job import Job
from taskonomy.training.record import Record
from taskonomy.training.representations import represent
from taskonomy.training.reproduce import reproduce
from taskonomy.training.session import Session
from taskonomy.training.shard import train_tasks, train_transfers
from taskonomy.training.workspace import Workspace


def readout(workspace: Workspace, target: str, *sources: str) -> Record:
    return record.read(workspace.store, model_id(workspace, "transfer", target, sources))


def test_readouts_of_any_order_are_trained_and_measured_again(workspace: Workspace):
    train_tasks(workspace, ["colorization", "normal", "random_projection"])
    jobs = [
        Job("transfer", "reshading", ("colorization",), 8),
        Job("transfer", "reshading", ("colorization", "normal"), 8),
        Job("transfer", "egomotion", ("normal",), 8),
        Job("transfer", "normal", ("normal",), 8),
        Job("transfer", "segment_unsup25d", ("random_projection",), 8),
        Job("scratch", "reshading", (), 8),
    ]
    train_transfers(workspace, jobs)

    for job in jobs:
        identity = model_id(workspace, job.kind, job.target, job.sources)
        found, chosen = (
            record.read(workspace.store, identity),
            examples(workspace, DICTIONARY[job.target]),
        )
        assert (found.kind, found.sources, found.status) == (job.kind, job.sources, "finished")
        scratch = found.kind == "scratch"
        assert found.steps == (chosen.scratch_steps if scratch else chosen.transfer_steps)
        assert found.best_step is not None
        assert found.best_step <= found.steps
        assert found.train_images == len(np.unique(chosen.transfer))
        np.testing.assert_allclose(reproduce(workspace, identity), found.test_losses, atol=1e-5)
        assert found.choice_losses.shape == chosen.choice.shape[:1]
        assert np.isfinite(found.choice_losses).all()


def test_a_further_readout_seed_is_another_model_of_the_same_examples(workspace: Workspace):
    train_tasks(workspace, ["normal"])
    jobs = [Job("transfer", "reshading", ("normal",), 8, seed) for seed in (0, 1)]
    train_transfers(workspace, jobs)

    first, second = (record.read(workspace.store, job_ref(workspace, job).identity) for job in jobs)
    assert (first.readout_seed, second.readout_seed) == (0, 1)
    assert first.train_images == second.train_images
    assert first.test_losses.tolist() != second.test_losses.tolist()


def test_a_smaller_regime_is_a_subset_of_a_larger_one(workspace: Workspace):
    small, large = (examples(workspace, DICTIONARY["normal"], regime) for regime in (4, 8))
    assert set(small.transfer.ravel().tolist()) < set(large.transfer.ravel().tolist())
    assert small.test.tolist() == large.test.tolist()
    assert model_id(workspace, "scratch", "normal", regime=4) != model_id(
        workspace, "scratch", "normal", regime=8
    )


def test_the_order_of_sources_does_not_matter(workspace: Workspace):
    one = model_id(workspace, "transfer", "normal", ("reshading", "autoencoding"))
    assert one == model_id(workspace, "transfer", "normal", ("autoencoding", "reshading"))


def test_a_readout_is_named_by_its_sources_networks(workspace: Workspace):
    config = workspace.config
    longer = config.updated(training={"epochs": 11})
    wider = config.updated(transfer={"max_order": 4})
    name = model_id(workspace, "transfer", "normal", ("reshading",))

    assert model_id(replace(workspace, config=longer), "transfer", "normal", ("reshading",)) != name
    assert model_id(replace(workspace, config=wider), "transfer", "normal", ("reshading",)) == name


def test_equal_readouts_are_equal_bytes_in_any_company(workspace: Workspace):
    train_tasks(workspace, ["normal", "colorization"])
    train_transfers(workspace, [Job("transfer", "reshading", ("normal",), 8)])
    alone = readout(workspace, "reshading", "normal").test_losses.tobytes()
    place = ("models", f"{model_id(workspace, 'transfer', 'reshading', ('normal',))}.safetensors")
    workspace.store.local(*place).unlink()

    train_transfers(
        workspace,
        [
            Job("transfer", "class_scene", ("normal",), 8),
            Job("transfer", "reshading", ("colorization",), 8),
            Job("transfer", "reshading", ("normal",), 8),
        ],
    )

    assert readout(workspace, "reshading", "normal").test_losses.tobytes() == alone


def test_every_encoder_sees_the_plain_image(workspace: Workspace):
    train_tasks(workspace, ["jigsaw"])
    session = Session(workspace)
    codes = represent(session, "jigsaw")

    assert codes.dtype == np.float16
    assert codes.shape == (len(session.represented), 4, 8, 8)
    covered = set(session.represented.tolist())
    assert covered >= set(examples(workspace, DICTIONARY["egomotion"]).test.ravel().tolist())
    assert not covered & set(workspace.splits.train.tolist())


def test_a_source_that_was_not_trained_is_named(fresh: Workspace):
    with pytest.raises(BadInput, match="no such model"):
        train_transfers(fresh, [Job("transfer", "reshading", ("normal",), 8)])


RANKED = ["a", "b", "c", "d", "e", "f", "g", "h"]


def test_orders_two_to_five_are_all_combinations_of_the_five_best():
    chosen = higher_order(RANKED, top=5, max_order=5)
    assert chosen == [
        group for order in (2, 3, 4, 5) for group in combinations(("a", "b", "c", "d", "e"), order)
    ]
    assert len(chosen) == 10 + 10 + 5 + 1


def test_above_order_five_each_set_adds_the_next_best_source():
    longest = higher_order(RANKED, top=5, max_order=24)[26:]
    assert longest == [tuple(RANKED[:6]), tuple(RANKED[:7]), tuple(RANKED)]


def test_few_sources_give_few_candidates():
    assert higher_order(["b", "a"], top=5, max_order=4) == [("a", "b")]
    assert higher_order(["a"], top=5, max_order=4) == []
