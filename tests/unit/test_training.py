"""Task networks and their baselines: they learn, are the same twice, and can be measured again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from taskonomy.config import load
from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.training import record
from taskonomy.training.examples import SHARE, examples, images_of
from taskonomy.training.fit import fit
from taskonomy.training.identity import model_id, source_id
from taskonomy.training.model_losses import task_models
from taskonomy.training.record import Record
from taskonomy.training.reproduce import reproduce
from taskonomy.training.session import Session, seeded
from taskonomy.training.shard import train_tasks
from taskonomy.training.task_network import build, loader_of, schedule
from taskonomy.training.workspace import Workspace

PARAMS = Path(__file__).parents[2] / "params.yaml"


def task_record(workspace: Workspace, name: str) -> Record:
    return record.read(workspace.store, model_id(workspace, "task", name))


def test_training_lowers_the_loss_below_the_informed_guess(workspace: Workspace):
    train_tasks(workspace, ["autoencoding"])

    found = task_record(workspace, "autoencoding")
    guess = record.read(workspace.store, model_id(workspace, "informed_guess", "autoencoding"))
    assert found.status == "finished"
    assert found.curve[-1, 1] < 0.7 * found.curve[0, 1]
    assert (found.test_losses < guess.test_losses).mean() > 0.7


def test_a_record_tells_how_the_model_came_to_be(workspace: Workspace):
    train_tasks(workspace, ["fixated_pose"])

    found, chosen = (
        task_record(workspace, "fixated_pose"),
        examples(workspace, DICTIONARY["fixated_pose"]),
    )
    assert (found.kind, found.target, found.sources, found.order) == ("task", "fixated_pose", (), 0)
    assert found.steps == chosen.steps == found.curve[-1, 0]
    assert 10 <= len(found.curve) <= 30
    assert found.train_images == images_of(chosen.train)
    assert len(found.test_losses) == len(chosen.test)
    assert found.test_loss == pytest.approx(found.test_losses.mean())
    assert 0 < found.waited < found.seconds
    assert found.arithmetic == "float32, channels last"


def test_what_is_in_the_store_is_not_trained_again(fresh: Workspace):
    train_tasks(fresh, ["class_scene"])
    files = sorted(Path(fresh.store.root).rglob("*"))
    times = [file.stat().st_mtime_ns for file in files]

    train_tasks(fresh, ["class_scene"])

    assert sorted(Path(fresh.store.root).rglob("*")) == files
    assert [file.stat().st_mtime_ns for file in files] == times


def test_equal_identities_give_equal_bytes_whatever_was_trained_before(
    workspace: Workspace, fresh: Workspace
):
    train_tasks(workspace, ["class_scene", "normal"])
    train_tasks(fresh, ["normal"])

    first, second = task_record(workspace, "normal"), task_record(fresh, "normal")
    assert first.test_losses.tobytes() == second.test_losses.tobytes()
    assert first.curve.tobytes() == second.curve.tobytes()


def test_no_result_depends_on_how_many_devices_there_are(workspace: Workspace, fresh: Workspace):
    names = ["normal", "class_scene", "random_projection"]
    train_tasks(workspace, names, on=["cpu"])
    train_tasks(fresh, names, on=["cpu", "cpu"])

    for ref in task_models(fresh, names):
        one, two = (record.read(w.store, ref.identity) for w in (workspace, fresh))
        assert one.test_losses.tobytes() == two.test_losses.tobytes()
        first, second = (record.weights(w.store, ref.identity) for w in (workspace, fresh))
        assert {k: v.tobytes() for k, v in first.items()} == {
            k: v.tobytes() for k, v in second.items()
        }
    held = {path.name for path in Path(fresh.store.root, "representations").iterdir()}
    assert len(held) == len(names)


@pytest.mark.parametrize(
    "name",
    ["jigsaw", "colorization", "segment_unsup2d", "egomotion", "segment_semantic"],
)
def test_a_saved_model_gives_its_losses_again(workspace: Workspace, name: str):
    train_tasks(workspace, [name])

    for kind in ("task", "informed_guess"):
        identity = model_id(workspace, kind, name)
        stored = record.read(workspace.store, identity)
        np.testing.assert_allclose(reproduce(workspace, identity), stored.test_losses, atol=1e-5)


def test_the_random_projection_is_an_untrained_encoder(workspace: Workspace):
    train_tasks(workspace, ["random_projection"])

    identity = source_id(workspace, "random_projection")
    found = record.read(workspace.store, identity)
    assert (found.kind, found.steps, found.train_images) == ("random", 0, 0)
    assert found.test_loss is None
    with pytest.raises(BadInput, match="expected a finished model"):
        reproduce(workspace, identity)


def test_sample_predictions_show_what_the_network_saw(workspace: Workspace):
    train_tasks(workspace, ["colorization"])

    content = workspace.store.local("samples", f"{model_id(workspace, 'task', 'colorization')}.npz")
    with np.load(content) as samples:
        assert samples["inputs"].shape == (6, 1, 32, 32, 3)
        assert (samples["inputs"][..., 0] == samples["inputs"][..., 2]).all()  # lightness is grey
        assert samples["output"].shape == samples["target"].shape == (6, 8, 8, 3)
        assert samples["output"].dtype == np.uint8


def test_a_network_that_diverges_is_recorded_as_failed(workspace: Workspace):
    hot = workspace.config.training.model_copy(update={"learning_rate": 1e30})
    config = workspace.config.model_copy(update={"training": hot})
    train_tasks(replace(workspace, config=config), ["room_layout"])

    found = task_record(replace(workspace, config=config), "room_layout")
    assert found.status.startswith("failed: ")
    assert np.isnan(found.test_losses).all()
    assert np.isnan(found.choice_losses).all()
    assert found.test_loss is None


def test_the_adversarial_loss_changes_what_is_learned(workspace: Workspace):
    session, of = Session(workspace), DICTIONARY["reshading"]
    loader = loader_of(session, of, session.examples(of).transfer)
    plan = replace(schedule(workspace.config.training, 3, gan=False), batch=4)

    def learned(gan: bool) -> torch.Tensor:
        with seeded(0, "adversarial") as rng:
            network = build(session, of)
            fit(network, of, loader, replace(plan, gan=gan), rng)
        return network.encoder.code.weight

    assert torch.equal(learned(gan=False), learned(gan=False))
    assert not torch.equal(learned(gan=False), learned(gan=True))


def test_a_damaged_record_is_bad_input(workspace: Workspace):
    workspace.store.write_bytes(b"not a model", "models", "0123.safetensors")
    with pytest.raises(BadInput, match=r"0123\.safetensors: no model record"):
        record.read(workspace.store, "0123")
    with pytest.raises(BadInput, match="no such model"):
        record.read(workspace.store, "4567")


@pytest.mark.parametrize("name", ["normal", "point_matching", "nonfixated_pose", "egomotion"])
def test_the_supervised_network_sees_five_times_a_readouts_images(workspace: Workspace, name: str):
    chosen = examples(workspace, DICTIONARY[name])
    train, transfer, choice, test = (set(part.ravel().tolist()) for part in chosen[:4])
    assert len(train) >= SHARE * len(transfer)
    assert not train & transfer
    assert not (train | transfer) & choice
    assert not (train | transfer | choice) & test


@pytest.mark.parametrize("profile", ["demo", "full", "paper"])
def test_the_profiles_themselves_keep_the_fifth(profile: str):
    config = load(PARAMS, profile)
    train = int(0.68 * config.data.images)  # the share that `splits` deals to training
    assert train >= SHARE * max(config.regimes)


def test_too_little_data_names_both_numbers(workspace: Workspace):
    few = replace(workspace, splits=replace(workspace.splits, train=workspace.splits.train[:5]))
    with pytest.raises(
        BadInput,
        match=r"normal has 5 training images, .* 1 images \(1 views\); expected at least 2",
    ):
        examples(few, DICTIONARY["normal"])
