"""In which arithmetic networks train: chosen without a trace, and weights are float32 always."""

import numpy as np
import pytest
import torch

from taskonomy.dictionary import DICTIONARY
from taskonomy.training import arithmetic
from taskonomy.training.arithmetic import BFLOAT16, FLOAT32, choose
from taskonomy.training.fit import attempt
from taskonomy.training.session import Session, seeded
from taskonomy.training.task_network import build, loader_of, measured_on, schedule
from taskonomy.training.workspace import Workspace

CPU = torch.device("cpu")


def test_measuring_leaves_network_and_random_numbers_as_they_were(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(arithmetic, "_has_bfloat16", lambda _: True)
    monkeypatch.setattr(arithmetic, "_SECONDS", 0.0)
    session, task = Session(workspace), DICTIONARY["class_scene"]  # with dropout and batch norms
    with seeded(0, "chosen"):
        network = build(session, task)
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        inputs = loader_of(session, task, session.examples(task).test).batch(np.arange(4))[0]
        random = torch.get_rng_state()
        assert choose(CPU, network, inputs) in (FLOAT32, BFLOAT16)

        assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_half_precision_trains_float32_weights_to_near_the_same_losses(workspace: Workspace):
    session, task = Session(workspace), DICTIONARY["normal"]
    chosen = session.examples(task)
    losses = {}
    for used in (FLOAT32, BFLOAT16):
        with seeded(0, "halved") as rng:
            network = build(session, task)
            outcome = attempt(
                network,
                session.data(task).target,
                loader_of(session, task, chosen.train),
                measured_on(session, task),
                schedule(workspace.config.training, 20, gan=False),
                rng,
                arithmetic=used,
            )
        assert outcome.arithmetic == str(used)
        assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
        losses[used] = outcome.test_losses
    assert losses[BFLOAT16].mean() == pytest.approx(losses[FLOAT32].mean(), rel=0.05)
    assert losses[BFLOAT16].tolist() != losses[FLOAT32].tolist()
