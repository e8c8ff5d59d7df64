"""Studies on a finished run: what needs new training, one command each."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from scipy.stats import spearmanr

from taskonomy.affinity import table
from taskonomy.commands.main import main
from taskonomy.config import load
from taskonomy.dictionary import DICTIONARY
from taskonomy.errors import BadInput
from taskonomy.runs.run import Run as Finished
from taskonomy.runs.run import open_run
from taskonomy.studies import catalogue, novel_task
from taskonomy.studies.frame import Phase, execute, lacking
from taskonomy.studies.imagenet import resnet18
from taskonomy.studies.join import batches, join, own_source, training_seconds
from taskonomy.targets.declared import read
from taskonomy.training import encoders, record
from taskonomy.training.identity import ModelRef

from .conftest import TASKS, Run, taxonomy

# MLflow's own, when it opens its database.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

TARGETS = {name for name in TASKS if DICTIONARY[name].role == "both"}
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "depth_code.py"


@pytest.fixture(scope="module")
def finished(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A copy of the tiny run, to which studies may add models."""
    out = tmp_path_factory.mktemp("studied") / "out"
    shutil.copytree(run.out, out)
    return open_run(out, load(run.folder / "params.yaml", "tiny"))


def train_here(phases: list[Phase]) -> list[ModelRef]:
    """Train a study's models in this process, where torch is loaded already."""
    batches = [batch for phase in phases for batch in phase]
    for batch in batches:
        if lacking(batch):
            batch.train()
    assert not any(lacking(batch) for batch in batches)
    return [ref for batch in batches for ref in batch.refs]


def study(finished: Finished, name: str) -> Path:
    chosen = catalogue.find(name)
    train_here(list(chosen.needs(finished)))
    return execute(name, chosen, finished)


def rows(folder: Path, name: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = pq.read_table(folder / f"{name}.parquet").to_pylist()
    return found


def test_a_study_tells_its_cost_trains_once_and_leaves_its_files(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.out, tmp_path / "out")
    first = taxonomy(tmp_path, "study", "order", "--profile", "tiny")
    assert first.returncode == 0, first.stderr[-3000:]
    models = sorted((tmp_path / "out" / "store" / "models").iterdir())
    times = [path.stat().st_mtime_ns for path in models]
    second = taxonomy(tmp_path, "study", "order", "--profile", "tiny")

    assert "order: " in first.stderr
    assert "models to train" in first.stderr
    assert second.stdout == first.stdout
    assert [path.stat().st_mtime_ns for path in models] == times
    folder = tmp_path / "out" / "studies" / "order"
    assert {path.name for path in folder.iterdir()} == {
        *("order.txt", "order.svg", "order.parquet", "order.csv", "configuration.json")
    }
    assert "<h2>Order</h2>" in (folder.parent / "studies.html").read_text()
    report = (tmp_path / "out" / "report.html").read_text()
    assert report.count('href="studies/studies.html"') == 1
    # Nested sets above order 5, up to all other trained sources.
    highest = max(row["order"] for row in rows(folder, "order"))
    assert highest == len(TASKS) - 2


def test_fewer_images_are_regimes_of_their_own(finished: Finished) -> None:
    folder = study(finished, "regimes")
    found = {row["images"]: row for row in rows(folder, "regimes")}
    assert set(found) == {12, 8}
    assert found[12]["rank agreement"] == pytest.approx(1)
    assert -1 <= float(str(found[8]["rank agreement"])) < 1


def test_every_target_is_held_out_at_every_order(finished: Finished) -> None:
    found = rows(study(finished, "novel"), "targets")
    assert {(row["order"], row["target"]) for row in found} == {
        (order, target) for order in (1, 2, 3, 4) for target in TARGETS
    }
    for row in found:
        policy = str(row["policy"]).split(" + ")
        assert row["target"] not in policy
        assert len(policy) <= int(str(row["order"]))


def test_ten_tasks_take_the_labels_of_what_is_bought_and_a_readouts_of_the_others(
    finished: Finished,
) -> None:
    folder = study(finished, "label-efficiency")
    train = len(finished.workspace.splits.train)
    for row in rows(folder, "budgets"):
        targets = [r for r in rows(folder, "targets") if r["budget"] == row["budget"]]
        labels = train * int(str(row["bought"])) + finished.images * len(targets)
        assert row["with taxonomy"] == labels
        assert float(str(row["ratio low"])) <= float(str(row["ratio high"]))
    assert {r["target"] for r in rows(folder, "targets")} <= TARGETS


def test_a_chain_is_read_out_of_what_its_first_transfer_computes(finished: Finished) -> None:
    found = rows(study(finished, "transitivity"), "chains")
    assert {row["c"] for row in found} <= TARGETS
    assert len(found) >= len(TARGETS)
    assert all(len({row["a"], row["b"], row["c"]}) == 3 for row in found)


def test_one_thing_is_changed_at_a_time(finished: Finished) -> None:
    found = rows(study(finished, "sensitivity"), "sensitivity")
    assert [row["variant"] for row in found][-1] == "another seed"
    assert len(found) == 6
    assert all(float(str(row["rank agreement"])) < 1 for row in found)


def test_encoders_are_trained_further_on_rooms_of_another_look(finished: Finished) -> None:
    folder = study(finished, "generalisation")
    found = rows(folder, "generalisation")
    seeing_colour = {name for name in TASKS if DICTIONARY[name].trained and name != "colorization"}
    assert {row["target"] for row in found} <= TARGETS
    for row in found:
        assert -1 <= float(str(row["rank agreement"])) <= 1
        assert row["sources"] == len(seeing_colour - {row["target"]})
        assert {row["the taxonomy's best"], row["the best here"]} <= seeing_colour
    assert "rooms of the family studio, 120 views" in (folder / "generalisation.txt").read_text()


def test_encoders_are_trained_further_on_images_by_class(
    finished: Finished, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    for name, (down, along) in {"bars": (1, 4), "rows": (4, 1), "dots": (4, 4)}.items():
        (tmp_path / "patterns" / name).mkdir(parents=True)
        for i in range(30):
            image = rng.integers(0, 60, (40 + i, 60, 3), np.uint8)
            image[i % down :: down, i % along :: along] += 180
            Image.fromarray(image).save(tmp_path / "patterns" / name / f"{i}.png")
    chosen, run = catalogue.find("generalisation"), replace(finished, other=tmp_path / "patterns")
    train_here(list(chosen.needs(run)))
    folder = execute("generalisation", chosen, run)

    # Beside the findings on rooms of another look, not in their place.
    assert folder == finished.out / "studies" / "generalisation-patterns"
    text = (folder / f"{folder.name}.txt").read_text()
    assert "patterns, 90 images of 3 classes" in text
    assert "mean over targets" not in text  # there is one
    (found,) = rows(folder, "generalisation")
    assert found["target"] == "class_scene"
    ranked = rows(folder, "sources")
    seeing_colour = {name for name in TASKS if DICTIONARY[name].trained and name != "colorization"}
    assert {row["source"] for row in ranked} == seeing_colour - {"class_scene"}
    columns = ([row[f"affinity {where}"] for row in ranked] for where in ("here", "in the run"))
    assert found["rank agreement"] == pytest.approx(spearmanr(*columns).statistic)


def test_images_by_class_that_are_too_few_to_train_on_are_named(
    finished: Finished, tmp_path: Path
) -> None:
    for name in ("along", "across"):
        (tmp_path / "few" / name).mkdir(parents=True)
        for i in range(2):
            Image.new("RGB", (32, 32), (i, 0, 0)).save(tmp_path / "few" / name / f"{i}.png")
    before = sorted((finished.out / "store").iterdir())
    with pytest.raises(BadInput, match=r"few/across: found 2 image\(s\), expected 10 or more"):
        catalogue.find("generalisation").needs(replace(finished, other=tmp_path / "few"))
    assert sorted((finished.out / "store").iterdir()) == before


def test_estimators_are_ranked_against_measured_affinities(finished: Finished) -> None:
    found = {row["estimator"]: row for row in rows(study(finished, "estimators"), "estimators")}
    assert set(found) == {*("RSA", "DDS", "LogME", "H-score", "linear probe", "k-NN", "gradients")}
    # Segments are no labels to regress on; they have a loss, and so a gradient.
    assert found["DDS"]["targets"] == found["gradients"]["targets"] == len(TARGETS)
    assert found["LogME"]["targets"] == len(TARGETS) - 1
    for row in found.values():
        assert float(str(row["ms per edge"])) > 0
        assert 0 <= float(str(row["top 5 found"])) <= 1


def test_screening_counts_the_steps_that_it_trains_and_trains_no_edge_twice(
    finished: Finished,
) -> None:
    trained = train_here(list(catalogue.find("screening").needs(finished)))
    names = [ref.identity for ref in trained]
    assert len(set(names)) == len(names)
    assert not set(names) & {ref.identity for ref in finished.refs()}

    folder = study(finished, "screening")
    edges = [
        ref
        for ref in finished.refs()
        if ref.kind == "transfer" and len(ref.sources) == 1 and ref.target not in ref.sources
        if finished.dictionary[ref.sources[0]].trained
    ]
    store = finished.workspace.store
    whole = sum(record.read(store, ref.identity).steps for ref in edges)
    lower = sum(record.read(store, name).steps for name in names)
    text = (folder / "screening.txt").read_text()
    assert f"First-order readouts of {len(TARGETS)} targets, {whole} steps in all" in text
    found = {row["screening"]: row for row in rows(folder, "screening")}
    assert lower < int(str(found["every edge, steps: 1"]["steps"])) <= lower + whole
    halved = int(str(found["halving"]["steps"]))
    assert found["halving"]["share"] == pytest.approx(halved / whole, abs=1 / whole)
    # With so few steps halving takes more than training everything.
    assert int(str(found["random"]["steps"])) >= min(halved, whole)


def test_training_is_held_against_twice_the_steps_and_another_seed(finished: Finished) -> None:
    folder = study(finished, "convergence")
    found = {str(row["trained"]): row for row in rows(folder, "convergence")}
    steps = finished.workspace.config.transfer.steps
    own, twice = f"{steps} steps", f"{2 * steps} steps"
    assert {own, twice, "another seed", "half of the images"} < set(found)
    assert found[own]["loss"] == found[own]["rank agreement"] == pytest.approx(1)
    assert found[own]["scratch loss"] == pytest.approx(1)
    assert found[twice]["loss"] != found["another seed"]["loss"] != pytest.approx(1)
    assert found[twice]["scratch loss"] != pytest.approx(1, abs=1e-9)
    text = (folder / "convergence.txt").read_text()
    assert f"{len(TARGETS)} targets" in text
    assert "long enough by this measure" in text


def test_imagenet_features_join_as_a_source_and_are_a_baseline(
    finished: Finished, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    weights = tmp_path / "resnet18.safetensors"
    save_file(resnet18().state_dict(), weights)
    own = own_source(finished, "imagenet", "taskonomy.studies.imagenet:resnet18", weights, 0.5)
    train_here([batches(finished, own)])

    folder = join(finished, own)

    candidates = table.read(folder / "affinity.parquet")
    assert {c.target for c in candidates if c.sources == ("imagenet",)} == TARGETS
    for target in TARGETS:
        assert sum(c.affinity for c in candidates if c.target == target) == pytest.approx(1)
    paired = [c for c in candidates if "imagenet" in c.sources and c.order == 2]
    assert len(paired) == 3 * len(TARGETS)
    asked = ("--budget", "2", "--max-order", "1", "--must-use", "imagenet")
    assert main(["solve", str(folder / "affinity.parquet"), *asked]) == 0
    sources = {row["source"] for row in rows(study(finished, "baselines"), "baselines")}
    assert sources == {"jigsaw", "colorization", "denoising", "egomotion", "random_projection"} | {
        "imagenet"
    }


def test_the_cost_told_beforehand_counts_an_encoders_width_and_its_encoding(
    finished: Finished,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "encoders_of_two_widths.py").write_text(
        "from torch import nn\n\n"
        "def narrow():\n    return nn.Conv2d(3, 8, 4, stride=4)\n\n"
        "def wide():\n    return nn.Conv2d(3, 2048, 4, stride=4)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(encoders, "_CHUNK", 8)
    told, took = {}, {}
    for name, channels in (("narrow", 8), ("wide", 2048)):
        own = own_source(finished, name, f"encoders_of_two_widths:{name}", None, 1.0)
        words = rf"\d+ images to encode, {channels} channels each: about [\d.]+ minutes"
        assert re.search(words, capfd.readouterr().err)
        seconds = training_seconds(finished, own)
        wanted = batches(finished, own)
        told[name] = sum(seconds(ref) for batch in wanted for ref in batch.refs)
        begin = process_time()
        train_here([wanted])
        took[name] = process_time() - begin
    more = took["wide"] - took["narrow"]
    assert more / 4 < told["wide"] - told["narrow"] < 4 * more


@pytest.mark.filterwarnings("ignore")  # MLflow's own, when it logs a module
def test_a_registered_model_is_an_encoder(finished: Finished) -> None:
    import mlflow

    mlflow.set_tracking_uri(finished.context.tracking)
    mlflow.set_experiment("taskonomy")
    module = torch.nn.Conv2d(3, 5, 4, stride=4)
    with mlflow.start_run():
        mlflow.pytorch.log_model(
            module,
            name="mine",
            registered_model_name="mine",
            pip_requirements=[],
            serialization_format="pickle",
        )

    own = own_source(finished, "mine", "models:/mine/1", None, 0.0, trust_pickle=True)

    codes = np.load(finished.workspace.store.local(*own.codes))
    assert codes.shape[1] == 5
    assert np.isfinite(codes).all()
    with pytest.raises(BadInput, match="expected a registered PyTorch model"):
        own_source(finished, "mine", "models:/mine/2", None, 0.0, trust_pickle=True)


@pytest.mark.parametrize(
    ("name", "where", "message"),
    [
        ("normal", "torch.nn:Identity", "a task of the dictionary"),
        ("my model", "torch.nn:Identity", "expected a new name"),
        ("mine", "torch.nn", "expected package.module:attribute"),
        ("mine", "torch.nn:Absent", "expected an importable name"),
        ("mine", "builtins:dict", "made a dict; expected a torch module"),
        ("mine", "torch.nn:Flatten", r"returned \(\d+, 3072\) for images"),
    ],
)
def test_an_encoder_that_cannot_be_used_is_named(
    finished: Finished, name: str, where: str, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        own_source(finished, name, where, None, 1.0)


def test_weights_of_another_network_are_refused(finished: Finished, tmp_path: Path) -> None:
    where, weights = "taskonomy.studies.imagenet:resnet18", tmp_path / "w.safetensors"
    save_file({"x": torch.zeros(1)}, weights)
    with pytest.raises(BadInput, match="expected the weights of Features"):
        own_source(finished, "mine", where, weights, 1.0)
    weights.write_bytes(b"no tensors")
    with pytest.raises(BadInput, match="expected safetensors"):
        own_source(finished, "mine", where, weights, 1.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("TASK = 1", "expected TASK, or TASKS of several"),
        ("import absent_module", "ModuleNotFoundError"),
        ("def label(", "SyntaxError"),
        (EXAMPLE.read_text().replace('"numbers"', '"voxels"'), "kind 'voxels': expected one of"),
        (EXAMPLE.read_text().replace('loss="l2"', 'loss="l1"'), "head 'vector' with loss 'l1'"),
        (EXAMPLE.read_text().replace("def label(", "def labels("), "no label folder, and"),
        (EXAMPLE.read_text() + "KINDS = [1]\n", "KINDS is wrong; expected a dict"),
    ],
)
def test_a_declaration_that_is_none_is_named(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(content)
    with pytest.raises(BadInput, match=message) as raised:
        read(str(file))
    assert str(raised.value).startswith(str(file))
    assert len(str(raised.value).splitlines()) == 1


def test_a_task_that_the_run_knows_is_not_novel(finished: Finished, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(EXAMPLE.read_text().replace('name="depth_code"', 'name="normal"'))
    with pytest.raises(BadInput, match="the name 'normal' stands for 'Surface normals' already"):
        novel_task.novel(finished, read(str(file)))


def test_a_run_of_another_seed_is_not_taken_for_this_one(run: Run) -> None:
    with pytest.raises(BadInput, match="found no models of profile tiny, seed 7"):
        open_run(run.out, load(run.folder / "params.yaml", "tiny", seed=7))
