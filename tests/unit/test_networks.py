"""Shapes of the networks in every profile, and what the readout and the discriminator do."""

from pathlib import Path

import pytest
import torch
from torch import nn

from taskonomy.config import Config, load
from taskonomy.dictionary import DICTIONARY
from taskonomy.networks import gan
from taskonomy.networks.encoder import Encoder, stride, tile_size
from taskonomy.networks.heads import output_size
from taskonomy.networks.readout import Readout
from taskonomy.networks.task_network import TaskNetwork, input_channels, towers

ONE_OF_EACH = ("normal", "colorization", "segment_unsup2d", "segment_semantic", "jigsaw")
ONE_OF_EACH += ("room_layout", "point_matching", "nonfixated_pose", "egomotion", "class_object")
"""Tasks whose networks differ in input, head or output."""
PARAMS = Path(__file__).parents[2] / "params.yaml"


def test_the_papers_encoder_is_a_resnet50_that_makes_16x16x8_of_256_pixels():
    config = load(PARAMS, "paper")
    with torch.device("meta"):
        encoder = Encoder(config.network)
        code = encoder(torch.empty(2, 3, 256, 256))

    assert code.shape == (2, 8, 16, 16)
    convolutions = [m for m in encoder.stages.modules() if isinstance(m, nn.Conv2d)]
    assert len([c for c in convolutions if c.kernel_size == (3, 3)]) == 16
    # torchvision's ResNet-50 has 23,508,032 parameters up to its pooling.
    backbone = sum(p.numel() for m in (encoder.stem, encoder.stages) for p in m.parameters())
    assert backbone == 23_508_032


def test_the_papers_image_decoder_is_conv15():
    config = load(PARAMS, "paper")
    with torch.device("meta"):
        network = TaskNetwork(DICTIONARY["depth_zbuffer"], config.network, 1)
        output = network(torch.empty(1, 1, 3, 256, 256))

    assert output.shape == (1, 1, 256, 256)
    shuffles = {id(s[0]): 4 for s in network.modules() if _is_doubling(s)}
    widths = [
        m.out_channels // shuffles.get(id(m), 1)
        for m in network.head.modules()
        if isinstance(m, nn.Conv2d)
    ]
    assert widths == [1024, 1024, 512, 256, 256, 128, 64, 64, 32, 32, 16, 32, 16, 1]


def _is_doubling(module: nn.Module) -> bool:
    return isinstance(module, nn.Sequential) and isinstance(module[-1], nn.PixelShuffle)


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        *(("demo", name) for name in ONE_OF_EACH),
        *(("full", name) for name in ("normal", "segment_unsup2d", "nonfixated_pose")),
        *(("paper", name) for name in ("colorization", "jigsaw", "egomotion")),
    ],
)
def test_networks_and_readouts_have_the_right_output_in_every_profile(profile: str, name: str):
    config, of = load(PARAMS, profile), DICTIONARY[name]
    classes = of.channels or 21
    size = tile_size(config.network) if of.inputs == "tiles" else config.network.image_size
    with torch.device("meta"):
        network = TaskNetwork(of, config.network, classes)
        output = network(torch.empty(2, towers(of), input_channels(of), size, size))
        readout = Readout(of, config, torch.zeros(16), torch.ones(16), classes)
        side = config.network.image_size // stride(config.network)
        transferred = readout(torch.empty(2, of.images, 16, side, side))

    if of.head == "vector":
        assert output.shape == (2, classes)
    else:
        side = output_size(of, config.network)
        assert output.shape == (2, classes, side, side)
    if of.role == "both":
        assert transferred.shape == output.shape


def test_a_readout_clips_outliers_only_while_it_trains(small: Config):
    torch.manual_seed(0)
    certain = small.updated(network={"dropout": 0.0})
    readout = Readout(DICTIONARY["class_scene"], certain, torch.zeros(4), torch.ones(4), 8)
    usual = torch.randn(8, 1, 4, 8, 8)
    extreme, bounded = usual.clone(), usual.clone()
    extreme[0, 0, 0, 0, 0], bounded[0, 0, 0, 0, 0] = 1000.0, 5.0

    readout.eval()
    assert not torch.equal(readout(extreme), readout(bounded))
    readout.train()
    assert torch.equal(readout(extreme), readout(bounded))


def test_the_streams_of_a_readout_do_not_mix(small: Config):
    readout = Readout(DICTIONARY["class_scene"], small, torch.zeros(4), torch.ones(4), 8).eval()
    width = small.transfer.width
    features = torch.randn(1, 2 * width, 4, 4)
    second = readout.streams[3]
    changed = features.clone()
    changed[:, width:] += 1

    before, after = second(features), second(changed)

    assert torch.equal(before[:, :width], after[:, :width])
    assert not torch.equal(before[:, width:], after[:, width:])


def test_egomotion_uses_one_head_for_its_three_pairs(small: Config):
    head = TaskNetwork(DICTIONARY["egomotion"], small.network, 18).head.eval()
    a, b = torch.randn(2, 1, 4, 8, 8)
    poses = head(torch.stack([a, b, b], dim=1)).reshape(3, 6)

    torch.testing.assert_close(poses[0], poses[1])  # (a, b) twice
    assert not torch.allclose(poses[0], poses[2])  # (b, b)


def test_dropout_and_width_follow_the_profile(small: Config):
    network = small.network.model_copy(update={"dropout": 0.5, "hidden": 640})
    matching = TaskNetwork(DICTIONARY["point_matching"], network, 2).head
    layers = [m for m in matching.modules() if isinstance(m, nn.Linear)]

    assert [m.out_features for m in layers] == [80, 2]
    assert [m.p for m in matching.modules() if isinstance(m, nn.Dropout)] == [0.5]


@pytest.mark.parametrize("name", ["normal", "segment_semantic", "vanishing_point", "egomotion"])
def test_a_head_starts_near_the_level_it_is_given(small: Config, name: str):
    torch.manual_seed(0)
    of = DICTIONARY[name]
    head = TaskNetwork(of, small.network, of.channels).head.eval()
    level = torch.linspace(-0.4, 0.4, of.channels)
    head.start_at(level)

    said = head(torch.randn(4, of.images, 4, 8, 8)).transpose(0, 1).flatten(1).mean(dim=1)

    expected = level.reshape(3, 6).mean(dim=0).repeat(3) if name == "egomotion" else level
    torch.testing.assert_close(said, expected, atol=0.1, rtol=0)


def test_the_discriminator_learns_to_tell_real_from_generated():
    torch.manual_seed(0)
    discriminator = gan.Discriminator(4, 16)
    optimiser = torch.optim.Adam(discriminator.parameters(), lr=1e-3)
    images, real, fake = (
        torch.randn(8, 3, 32, 32),
        torch.ones(8, 1, 16, 16),
        torch.zeros(8, 1, 16, 16),
    )
    before = [p.clone() for p in discriminator.parameters()]

    verdicts = []
    for step in range(8):
        noise = gan.noise_level(step)
        loss = gan.discriminator_loss(discriminator, images, real, fake, noise)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        verdicts.append(loss.item())

    assert verdicts[-1] < verdicts[0]
    assert any(
        not torch.equal(a, b) for a, b in zip(before, discriminator.parameters(), strict=True)
    )


def test_the_generator_is_pulled_towards_what_the_discriminator_takes_for_real():
    torch.manual_seed(0)
    discriminator = gan.Discriminator(4, 16)
    fake = torch.zeros(2, 1, 16, 16, requires_grad=True)

    gan.generator_loss(discriminator, torch.randn(2, 3, 32, 32), fake).backward()

    assert fake.grad.abs().sum() > 0
