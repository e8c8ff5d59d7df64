"""Losses against values computed by hand."""

import math

import pytest
import torch

from taskonomy.networks.losses import example_losses, guessed_metric


def test_l1_and_l2_average_over_channels_and_known_pixels_only():
    output = torch.tensor([[[[1.0, 0.0]], [[3.0, 0.0]]]])
    target = torch.tensor([[[[0.0, 9.0]], [[1.0, 9.0]]]])
    mask = torch.tensor([[[[1.0, 0.0]]]])

    assert example_losses("l1", output, target, mask).tolist() == [(1 + 2) / 2]
    assert example_losses("l2", output, target, mask).tolist() == [(1 + 4) / 2]


def test_an_example_without_a_known_pixel_has_loss_zero():
    output = torch.ones(1, 1, 2, 2)
    assert example_losses("l1", output, -output, torch.zeros(1, 1, 2, 2)).item() == 0


def test_the_pose_loss_is_the_unsquared_norm():
    output, target = torch.tensor([[3.0, 0.0, 4.0]]), torch.zeros(1, 3)
    assert example_losses("l2_norm", output, target, torch.ones(1, 1)).item() == 5


def test_cross_entropy_takes_soft_labels():
    output = torch.tensor([[math.log(1.0), math.log(3.0)]])
    target = torch.tensor([[0.25, 0.75]])

    loss = example_losses("cross_entropy", output, target, torch.ones(1, 1)).item()

    assert loss == pytest.approx(-(0.25 * math.log(0.25) + 0.75 * math.log(0.75)))


def test_pixel_cross_entropy_is_weighted_and_skips_uncertain_pixels():
    # Three pixels, two classes; probabilities of the right class 1/2, 1/4 and (uncertain) anything.
    output = torch.tensor([[[[0.0, 0.0, 5.0]], [[0.0, math.log(3.0), -5.0]]]])
    target = torch.tensor([[[[1.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]]]])
    mask = torch.tensor([[[[1.0, 3.0, 0.0]]]])

    loss = example_losses("pixel_cross_entropy", output, target, mask).item()

    assert loss == pytest.approx((1 * math.log(2) + 3 * math.log(4)) / 4)


def test_the_metric_loss_is_the_cross_entropy_of_its_same_segment_probability():
    # Pixels 0 and 1 lie at squared distance 1 in one segment, pixel 2 at 4 and 5 in another.
    embedding = torch.tensor([[[[0.0, 1.0, 0.0]], [[0.0, 0.0, 2.0]]]])
    samples = torch.tensor([[[0.0, 1.0, 2.0], [7.0, 7.0, 8.0]]])

    def same(squared: float) -> float:
        return 2 / (1 + math.exp(squared))

    expected = -(math.log(same(1)) + math.log(1 - same(4)) + math.log(1 - same(5))) / 3
    found = example_losses("metric", embedding, samples, torch.ones(1, 3)).item()
    assert found == pytest.approx(expected, rel=1e-5)

    only_the_first_pair = -math.log(same(1))
    masked = example_losses("metric", embedding, samples, torch.tensor([[1.0, 1.0, 0.0]]))
    assert masked.item() == pytest.approx(only_the_first_pair, rel=1e-5)


def test_the_metric_loss_stays_finite_where_embeddings_coincide_or_lie_far_apart():
    embedding = torch.tensor([[[[0.0, 0.0, 100.0, 100.0]]]], requires_grad=True)
    samples = torch.tensor([[[0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 1.0, 2.0]]])

    loss = example_losses("metric", embedding, samples, torch.ones(1, 4))
    loss.sum().backward()

    assert torch.isfinite(loss).all()
    assert torch.isfinite(embedding.grad).all()


def test_guessing_the_rate_of_same_segment_pairs_costs_its_entropy():
    samples = torch.tensor([[[0.0, 1.0, 2.0], [7.0, 7.0, 8.0]]])
    loss = guessed_metric(torch.tensor(1 / 3), samples, torch.ones(1, 3)).item()
    assert loss == pytest.approx(-(math.log(1 / 3) + 2 * math.log(2 / 3)) / 3)
