"""What studies compute, on answers that are known."""

import importlib.util
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from taskonomy.affinity.candidate import Candidate
from taskonomy.commands.main import main
from taskonomy.data import layout
from taskonomy.dictionary import DICTIONARY
from taskonomy.studies import agreement, catalogue, estimates, losses
from taskonomy.studies.findings import as_text
from taskonomy.studies.gradients import projected_gradients
from taskonomy.studies.label_efficiency import Curve
from taskonomy.targets import declared
from taskonomy.training.model_losses import Losses
from taskonomy.training.representations import represent
from taskonomy.training.session import Session
from taskonomy.training.shard import train_tasks
from taskonomy.training.transfers import target_loaders
from taskonomy.training.workspace import Workspace

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
RNG = np.random.default_rng(0)
CODES = RNG.normal(size=(120, 6))
SEEN = CODES @ RNG.normal(size=(6, 2)) + 0.1 * RNG.normal(size=(120, 2))
UNSEEN = RNG.normal(size=(120, 2))
EACH = np.arange(120)


def test_labels_that_follow_from_the_features_score_higher() -> None:
    spectrum = estimates.spectrum(CODES)
    assert estimates.log_me(spectrum, SEEN) > estimates.log_me(spectrum, UNSEEN) + 0.1
    seen, unseen = (
        estimates.h_score(spectrum, estimates.classes_of(labels)) for labels in (SEEN, UNSEEN)
    )
    assert seen > unseen + 0.1


@pytest.mark.parametrize("shape", [(30, 50), (50, 30)])
def test_a_spectrum_is_the_decomposition_of_standardised_features(shape: tuple[int, int]) -> None:
    features = np.random.default_rng(3).normal(3, 2, shape)
    features[:, -1] = features[:, 0]  # a feature that says nothing new
    x = (features - features.mean(axis=0)) / features.std(axis=0)
    left, squares, width = estimates.spectrum(features)
    assert width == shape[1]
    np.testing.assert_allclose(left.T @ left, np.eye(len(squares)), atol=1e-9)
    np.testing.assert_allclose((left * squares) @ left.T, x @ x.T, atol=1e-9)


def test_the_h_score_is_that_of_its_definition() -> None:
    classes = np.arange(120) % 5
    x = (CODES - CODES.mean(axis=0)) / CODES.std(axis=0)
    covariance = x.T @ x / 120
    shrunk = 0.9 * covariance + 0.1 * np.trace(covariance) / 6 * np.eye(6)
    means = np.stack([x[classes == one].mean(axis=0) for one in classes])
    expected = np.trace(np.linalg.inv(shrunk) @ (means.T @ means / 120))
    assert estimates.h_score(estimates.spectrum(CODES), classes) == pytest.approx(expected)


@pytest.mark.parametrize("estimator", ["linear_probe", "nearest_neighbours"])
def test_held_out_labels_are_explained_where_they_can_be(estimator: str) -> None:
    score = getattr(estimates, estimator)
    assert score(CODES, SEEN, EACH) > 0.3
    assert score(CODES, UNSEEN, EACH) < 0.2
    assert estimates.linear_probe(CODES, SEEN, EACH) > 0.9


@pytest.mark.parametrize("estimator", ["rsa", "dds"])
def test_similarities_are_one_for_the_same_code_turned(estimator: str) -> None:
    score = getattr(estimates, estimator)
    shuffled = CODES[:, RNG.permutation(6)]
    assert score(CODES, shuffled) == pytest.approx(1)
    assert abs(score(CODES, RNG.normal(size=(120, 6)))) < 0.2


def test_the_evidence_is_that_of_the_best_bayesian_linear_model() -> None:
    """Against the definition: N(y; 0, 1/beta + X X^T / alpha), maximised on a fine grid."""
    x = (CODES - CODES.mean(axis=0)) / CODES.std(axis=0)
    y = SEEN[:, 0] - SEEN[:, 0].mean()
    y /= y.std()

    def evidence(alpha: float, beta: float) -> float:
        covariance = np.eye(120) / beta + x @ x.T / alpha
        _, determinant = np.linalg.slogdet(covariance)
        fit = y @ np.linalg.solve(covariance, y)
        return float(-(120 * math.log(2 * math.pi) + determinant + fit) / 240)

    grid = [evidence(a, b) for a in np.geomspace(0.1, 100, 10) for b in np.geomspace(1, 1e4, 13)]
    found = estimates.log_me(estimates.spectrum(CODES), SEEN[:, :1])
    assert max(grid) - 1e-6 <= found < max(grid) + 0.05


def test_a_network_needs_the_images_at_which_it_wins_half() -> None:
    """A network on n images has loss 1/n on every image, so 40 images do as well as 1/40."""
    counts = [10, 20, 40, 80]
    jitter = np.random.default_rng(1).normal(scale=1e-6, size=(4, 4000))
    curve = Curve(counts, 1 / np.array(counts)[:, None] + jitter)
    needed = curve.equal_to(np.full(4000, 1 / 40))
    assert needed[0] == pytest.approx(40, rel=0.03)
    assert needed[1:].min() >= 20
    assert needed[1:].max() <= 80
    assert curve.equal_to(np.full(4000, 1.0))[0] == pytest.approx(10)  # the smallest is good enough
    assert curve.equal_to(np.full(4000, 0.0))[0] == pytest.approx(80)  # the largest is not


def test_what_is_chosen_on_validation_images_gains_nothing_by_having_been_one_of_many() -> None:
    """Candidates without skill win no more than their share, but more where test images choose."""
    rng = np.random.default_rng(2)
    opponent = rng.exponential(size=400)
    apart, same = [], []
    for _ in range(50):
        found = [Losses(rng.exponential(size=100), rng.exponential(size=400)) for _ in range(30)]
        apart.append(losses.wins(losses.best(found), opponent))
        unmeasured = [Losses(np.zeros(0), one.test) for one in found]
        same.append(losses.wins(losses.best(unmeasured), opponent))
    fair = np.mean(1 - np.exp(-opponent))
    assert abs(np.mean(apart) - fair) < 0.012
    assert np.mean(same) > fair + 0.02
    assert losses.chosen_on(found).startswith("chosen on validation images")
    assert "test images themselves" in losses.chosen_on(unmeasured)


def test_gradients_that_agree_predict_the_loss_that_a_step_takes_away() -> None:
    fit = np.arange(12) < 9
    losses, along = np.full(12, 2.0), np.tile([3.0, 0.0, 4.0], (12, 1))
    # One direction, nine equations and a penalty of the size of one more: 1/10 of the loss is left.
    assert estimates.linearised_loss(losses, along, fit) == pytest.approx(2 / 10)
    across = np.where(fit[:, None], along, [0.0, 5.0, 0.0])
    assert estimates.linearised_loss(losses, across, fit) == pytest.approx(2)
    against = np.where(fit[:, None], along, -along)
    assert estimates.linearised_loss(losses, against, fit) == pytest.approx(2 + 2 * 9 / 10)


@pytest.mark.parametrize("target", ["reshading", "segment_unsup25d", "egomotion"])
def test_projected_gradients_follow_from_the_source_alone(
    workspace: Workspace, target: str
) -> None:
    train_tasks(workspace, ["normal", "colorization"])
    session, task = Session(workspace), DICTIONARY[target]
    targets, *_ = target_loaders(session, task, workspace.config.regimes[0])

    def of(source: str) -> tuple[np.ndarray, np.ndarray]:
        return projected_gradients(session, task, represent(session, source), targets)

    (losses, gradients), again, other = of("normal"), of("normal"), of("colorization")
    assert np.isfinite(losses).all()
    assert np.abs(gradients).sum(axis=1).min() > 0
    np.testing.assert_array_equal(gradients, again[1])
    assert np.abs(gradients - other[1]).max() > 1e-3 * np.abs(gradients).max()


def test_mistakes_among_the_best_weigh_most() -> None:
    Values = dict[tuple[str, ...], float]
    right: Values = {(name,): float(value) for value, name in enumerate("abcdef")}
    best, worst = dict(right), dict(right)
    best["e",], best["f",] = best["f",], best["e",]
    worst["a",], worst["b",] = worst["b",], worst["a",]

    def tau(other: Values) -> float:
        return agreement.correlations({"t": right}, {"t": other}, agreement.weighted_tau)["t"]

    assert tau(right) == pytest.approx(1)
    assert tau(best) < tau(worst) < 1


def test_rank_agreement_compares_what_both_measured() -> None:
    def rows(values: dict[str, float]) -> list[Candidate]:
        return [
            Candidate(regime="1", target="t", sources=(name,), kind="transfer", affinity=value)
            for name, value in values.items()
        ]

    one = rows({"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4})
    assert agreement.by_target(one, rows({"a": 1.0, "b": 4.0, "c": 9.0})) == {"t": pytest.approx(1)}
    assert agreement.by_target(one, rows({"a": 3.0, "b": 2.0, "c": 1.0})) == {
        "t": pytest.approx(-1)
    }
    assert agreement.by_target(one, rows({"a": 3.0, "b": 2.0})) == {}


def test_a_table_to_read_is_aligned() -> None:
    text = as_text([{"name": "a", "rate": 0.5}, {"name": "longer", "rate": None}])
    assert text == "name     rate\na       0.500\nlonger      -\n"


def test_studies_are_listed_with_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(catalogue.STUDIES)
    for name in catalogue.STUDIES:
        assert callable(catalogue.find(name).measure)


def test_a_depth_code_is_linear_orthonormal_and_follows_the_image() -> None:
    spec = importlib.util.spec_from_file_location("depth_code", EXAMPLES / "depth_code.py")
    assert spec
    assert spec.loader
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    edge = np.where(np.arange(32) < 11, -1.0, 1.0)[None].repeat(32, axis=0)
    q = example.basis(edge)
    assert q.shape == (1024, 128)
    np.testing.assert_allclose(q.T @ q, np.eye(128), atol=1e-9)
    # A step of depth at an edge of the image is exact; without the edge it is not.
    depth = np.log(np.where(edge > 0, 4.0, 2.0) / example.NEAR)
    code = q.T @ depth.ravel() / example.WAVES
    np.testing.assert_allclose(np.log(example.decode(code, edge) / example.NEAR), depth, atol=1e-9)
    flat = example.basis(np.zeros((32, 32)) + np.linspace(-1, 1, 32))
    assert np.abs(flat @ (flat.T @ depth.ravel()) - depth.ravel()).max() > 0.05


def test_heights_above_the_floor_are_those_of_the_fixated_points(
    rooms: Path, tmp_path: Path
) -> None:
    """What a view fixates lies in its middle, and its place in the world is known."""
    height = declared.read(str(EXAMPLES / "height_map.py"))
    assert height.label is not None
    shutil.copytree(rooms, tmp_path / "rooms")
    dataset = layout.index(tmp_path / "rooms")
    lowest, errors = [], []
    for view in dataset.views:
        label = height.label(dataset, view)
        middle = len(label) // 2
        metres = 1.5 * (label + 1)
        lowest.append(metres.min())
        fixated = layout.read(dataset, view, "point_info")["point_location"][2]
        errors.append(np.median(metres[middle - 1 : middle + 1, middle - 1 : middle + 1]) - fixated)
        assert label.shape == layout.read(dataset, view, "depth_zbuffer").shape
        assert metres.max() <= 3
    assert np.median(np.abs(errors)) < 0.01
    assert min(lowest) == pytest.approx(0, abs=0.01)

    depth = layout.read(dataset, dataset.views[0], "depth_zbuffer")
    depth[:3] = np.nan
    layout.write(dataset.root, dataset.views[0], "depth_zbuffer", depth)
    holes = np.isnan(height.label(dataset, dataset.views[0]))
    assert holes[:3].all()
    assert not holes[3:].any()
