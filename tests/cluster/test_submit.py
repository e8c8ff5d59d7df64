"""Submitting, against a server that speaks the API: what is sent, followed, refused and resumed."""

import socket
import subprocess
from pathlib import Path

import kfp
import pytest
import yaml

from taskonomy.cluster import revision
from taskonomy.cluster import submit as submission
from taskonomy.cluster.compiled import read
from taskonomy.cluster.order import asked
from taskonomy.cluster.progress import Node, failures
from taskonomy.cluster.site import site
from taskonomy.config import load
from taskonomy.files import shipped

from .conftest import Submit
from .kubeflow import Kubeflow
from .task_details import Steps

STORE = ("--set", "store=s3://taskonomy/store")
TAXONOMY = shipped("pipelines", "taxonomy.yaml")


def test_a_run_is_of_the_version_that_git_names_with_the_profile_by_its_name(
    submit: Submit, kubeflow: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(*STORE) == 0
    (version,) = kubeflow.versions.values()
    (run,) = kubeflow.runs.values()
    assert version["display_name"] == revision.name(TAXONOMY)
    assert version["package"] == TAXONOMY.read_bytes()
    assert run["pipeline_version_reference"]["pipeline_version_id"] == "pipeline_version-0"
    assert run["runtime_config"]["parameters"] == {
        "store": "s3://taskonomy/store",
        "profile": "demo",
    }
    assert run["service_account"] == site().account == "taskonomy-pipeline"
    assert kubeflow.experiments["experiment-0"]["namespace"] == "taskonomy"
    assert f"{kubeflow.host}/#/runs/details/run-0" in capsys.readouterr().out


def test_a_version_and_an_experiment_that_are_known_are_not_made_again(
    submit: Submit, kubeflow: Kubeflow
) -> None:
    assert submit(*STORE) == 0
    assert submit(*STORE, "--set", "source=/data") == 0
    assert len(kubeflow.pipelines) == len(kubeflow.versions) == len(kubeflow.experiments) == 1
    assert kubeflow.runs["run-1"]["runtime_config"]["parameters"]["source"] == "/data"


def test_a_params_yaml_of_one_s_own_reaches_the_cluster_as_what_differs(
    submit: Submit, kubeflow: Kubeflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = yaml.safe_load(shipped("params.yaml").read_text())
    profiles["demo"] |= {"seed": 5, "shards": 3, "tasks": ["normal", "reshading"]}
    profiles["own"] = profiles["demo"] | {"affinity": {"replicates": 7}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(profiles))
    monkeypatch.chdir(tmp_path)

    assert submit(*STORE) == 0
    assert kubeflow.runs["run-0"]["runtime_config"]["parameters"] == {
        "store": "s3://taskonomy/store",
        "profile": "demo",
        "seed": "5",
        "tasks": ["normal", "reshading"],
        "overrides": {"shards": 3},
    }
    # A profile that the images do not hold is sent whole.
    assert submit(*STORE, "--profile", "own", "--set", "seed=6") == 0
    sent = kubeflow.runs["run-1"]["runtime_config"]["parameters"]
    expected = load(tmp_path / "params.yaml", "own", seed=6)
    assert asked(sent).to_json() == expected.to_json()


@pytest.mark.filterwarnings("ignore:This client only works with:FutureWarning")
def test_a_recurring_run_takes_the_compiled_pipeline_with_its_defaults(
    submit: Submit, kubeflow: Kubeflow, tmp_path: Path
) -> None:
    """By kfp's own client: no parameter belongs to one submission alone."""
    assert submit(*STORE) == 0  # uploads the version
    token = (tmp_path / "token").read_text().strip()
    kfp.Client(host=kubeflow.host, existing_token=token).create_recurring_run(
        experiment_id="experiment-0",
        job_name="taxonomy every Sunday",
        cron_expression="0 0 3 * * 0",
        max_concurrency=1,
        no_catchup=True,
        params={"store": "s3://taskonomy/store"},
        pipeline_id="pipeline-0",
        version_id="pipeline_version-0",
        service_account=site().account,
    )
    (made,) = kubeflow.recurring.values()
    assert made["trigger"]["cron_schedule"]["cron"] == "0 0 3 * * 0"
    assert made["pipeline_version_reference"]["pipeline_version_id"] == "pipeline_version-0"
    assert made["service_account"] == site().account
    # What each of its runs is started with: its parameters, and the pipeline's defaults.
    given = made["runtime_config"]["parameters"]
    parameters = {one.name: one.default for one in read("taxonomy").parameters}
    assert {name for name, default in parameters.items() if default is None} == set(given)
    demo = load(shipped("params.yaml"), "demo")
    assert asked({**parameters, **given}).to_json() == demo.to_json()


def test_a_server_for_one_user_is_told_no_namespace(submit: Submit, kubeflow: Kubeflow) -> None:
    kubeflow.multi_user = False
    assert submit(*STORE) == 0
    assert "namespace" not in kubeflow.experiments["experiment-0"]


def test_steps_are_shown_by_name_and_counted(
    submit: Submit, kubeflow: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    first = {"version-data": "SUCCEEDED", "plan": "SUCCEEDED"}
    kubeflow.story = [
        ("PENDING", {}),
        ("RUNNING", {"version-data": "RUNNING"}),
        ("RUNNING", first | {"for-loop-1": {"train-task": ["SUCCEEDED", "PENDING", "RUNNING"]}}),
        ("SUCCEEDED", first | {"for-loop-1": {"train-task": ["SUCCEEDED"] * 3}}),
    ]
    assert submit(*STORE) == 0
    shown = capsys.readouterr().err
    assert "0/1 " in shown
    assert "running version-data" in shown
    assert "3/5 " in shown
    assert "running train-task 1/3" in shown
    assert "5/5 " in shown.splitlines()[-1]
    assert "succeeded" in shown.splitlines()[-1]
    for inner in ("executor", "iteration", "driver", "root", "for-loop", "(0)", "taxonomy-run"):
        assert inner not in shown


@pytest.mark.parametrize(
    ("steps", "names"),
    [
        ({"plan": "FAILED"}, "plan"),
        ({"for-loop-2": {"train-transfers": ["SUCCEEDED", "FAILED"]}}, "train-transfers"),
    ],
)
def test_a_failing_run_fails_the_command_and_names_the_step(
    steps: Steps,
    names: str,
    submit: Submit,
    kubeflow: Kubeflow,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before: Steps = {"version-data": "SUCCEEDED"}
    kubeflow.story = [
        ("PENDING", {}),
        ("RUNNING", {**before, **steps, "solve-taxonomy": "RUNNING"}),
        ("FAILED", {**before, **steps, "solve-taxonomy": "SUCCEEDED"}),
    ]
    assert submit(*STORE) == 1
    said = capsys.readouterr().err
    assert said.count(f"failed: {names}\n") == 1
    last = said.splitlines()[-1]
    assert f"run run-0 failed: {names}; " in last
    assert "taskonomy submit --resume run-0" in last


def test_a_failed_driver_is_named_by_its_step() -> None:
    found = [Node("plan-driver", "FAILED"), Node("root", "FAILED")]
    assert failures(found) == ["the driver of plan"]
    assert failures([Node("for-loop-1", "FAILED"), Node("root", "FAILED")]) == ["for-loop-1"]


def test_the_state_of_the_run_alone_says_that_it_has_ended(
    submit: Submit, kubeflow: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    """From 1 MiB on the list of nodes stands still, whatever becomes of the run."""
    frozen: Steps = {"plan": "SUCCEEDED", "solve-taxonomy": "PENDING"}
    kubeflow.story = [("RUNNING", frozen), ("SUCCEEDED", frozen)]
    assert submit(*STORE) == 0
    last = capsys.readouterr().err.splitlines()[-1]
    assert "2/2 " in last
    assert "succeeded]" in last
    kubeflow.story = [("FAILED", frozen)]
    assert submit(*STORE) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert "failed; Kubeflow names no failed step, last running: solve-taxonomy; " in last


def test_a_cancelled_run_fails_the_command(
    submit: Submit, kubeflow: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeflow.story = [("CANCELING", {}), ("CANCELED", {})]
    assert submit(*STORE) == 1
    assert "run run-0 canceled" in capsys.readouterr().err


def test_resuming_retries_the_same_run(submit: Submit, kubeflow: Kubeflow) -> None:
    kubeflow.story = [("FAILED", {"publish": "FAILED"})]
    kubeflow.retried = [("RUNNING", {"publish": "RUNNING"}), ("SUCCEEDED", {})]
    assert submit(*STORE) == 1
    assert submit("--resume", "run-0") == 0
    assert "POST /runs/run-0:retry" in kubeflow.asked
    assert list(kubeflow.runs) == ["run-0"]


def test_where_the_backend_cannot_retry_a_new_run_of_the_same_version_is_started(
    submit: Submit, kubeflow: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeflow.story = [("FAILED", {"publish": "FAILED"})]
    assert submit(*STORE) == 1
    kubeflow.story = [("SUCCEEDED", {"publish": "SUCCEEDED"})]
    assert submit("--resume", "run-0") == 0
    assert "cannot be retried" in capsys.readouterr().err
    first, second = kubeflow.runs.values()
    for key in ("pipeline_version_reference", "runtime_config", "experiment_id", "service_account"):
        assert second[key] == first[key]


def test_resuming_what_has_succeeded_starts_nothing(submit: Submit, kubeflow: Kubeflow) -> None:
    assert submit(*STORE) == 0
    assert submit("--resume", "run-0") == 0
    assert list(kubeflow.runs) == ["run-0"]
    assert "POST /runs/run-0:retry" not in kubeflow.asked


def test_a_server_that_is_away_for_a_while_is_waited_for(
    submit: Submit, kubeflow: Kubeflow
) -> None:
    kubeflow.silent = 5
    assert submit(*STORE) == 0


def test_a_server_that_stays_away_ends_the_command_but_not_the_run(
    submit: Submit, kubeflow: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeflow.silent = submission._PATIENCE
    assert submit(*STORE) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert "503" in last
    assert "the run may go on: taskonomy submit --resume run-0" in last


def refused(code: int, capsys: pytest.CaptureFixture[str], kubeflow: Kubeflow, *words: str) -> None:
    """Bad input, in one line with these words, and nothing was started."""
    printed = capsys.readouterr()
    assert code == 2, printed.err
    (line,) = printed.err.splitlines()
    assert all(word in line for word in words), line
    assert not kubeflow.runs
    assert not kubeflow.versions


def test_a_wrong_token(
    submit: Submit, kubeflow: Kubeflow, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong").write_text("wrong")
    code = submit(*STORE, "--token", str(tmp_path / "wrong"))
    words = ("401", "the token is not accepted", "--audience pipelines.kubeflow.org")
    refused(code, capsys, kubeflow, kubeflow.host, *words)


def test_a_missing_right_is_not_the_token_s_fault(
    submit: Submit, kubeflow: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeflow.forbidden = "User 'x' is not authorized to list pipelines in namespace taskonomy"
    words = ("403", "a right is missing", "list pipelines", "taskonomy-submitter")
    refused(submit(*STORE), capsys, kubeflow, kubeflow.host, *words)


def test_a_token_file_that_is_none(
    submit: Submit, kubeflow: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(submit(*STORE, "--token", "absent"), capsys, kubeflow, "absent", "expected a file")


@pytest.mark.parametrize("tag", ["2.5.0", "v2.13.9", "1.8.22"])
def test_a_backend_that_is_too_old(
    tag: str, submit: Submit, kubeflow: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeflow.tag = tag
    refused(submit(*STORE), capsys, kubeflow, f"Kubeflow Pipelines {tag}", "2.14.0 or newer")


def test_a_backend_that_does_not_know_its_version_is_taken(
    submit: Submit, kubeflow: Kubeflow
) -> None:
    kubeflow.tag = "unknown"
    assert submit(*STORE) == 0


def test_no_server_there(
    submit: Submit, kubeflow: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{free.getsockname()[1]}"
    refused(submit(*STORE, "--host", host), capsys, kubeflow, host, "no answer", "refused")


def test_another_server_there(
    submit: Submit, kubeflow: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    host = f"{kubeflow.host}/elsewhere"
    refused(submit(*STORE, "--host", host), capsys, kubeflow, host, "404")


def test_no_server_known(
    submit: Submit, kubeflow: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(submit(*STORE, "--host", ""), capsys, kubeflow, "--host", "KF_PIPELINES_ENDPOINT")


def test_a_run_that_is_not_there(
    submit: Submit, kubeflow: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(submit("--resume", "run-9"), capsys, kubeflow, "404", "Run run-9 not found")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((), ("'store'", "missing", "--set store=VALUE", "Root of the store")),
        ((*STORE, "--set", "stor=x"), ("'stor'", "unknown", "store_secret, tasks, tracking")),
        ((*STORE, "--set", "seed=x"), ("seed: found 'x'", "a whole number, or nothing")),
        ((*STORE, "--set", 'overrides={"sead": 1}'), ("demo.sead: unknown key", "seed, shards")),
        ((*STORE, "--set", "profile=dmo"), ("no profile 'dmo'", "demo, full, paper")),
        ((*STORE, "--set", "source"), ("--set", "NAME=VALUE")),
        ((*STORE, "--set", f"source={'x' * 10_001}"), ("'source'", "10001 characters", "10000")),
        (("absent.yaml",), ("absent.yaml", "no such pipeline", "taxonomy")),
        (("--profile", "absent"), ("no profile 'absent'",)),
    ],
)
def test_what_cannot_be_sent_is_refused_before_the_server_is_asked(
    given: tuple[str, ...],
    words: tuple[str, ...],
    submit: Submit,
    kubeflow: Kubeflow,
    capsys: pytest.CaptureFixture[str],
) -> None:
    refused(submit(*given), capsys, kubeflow, *words)
    assert kubeflow.asked == []


def test_a_dry_run_asks_nobody_and_says_what_would_be_sent(
    submit: Submit, kubeflow: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(*STORE, "--dry-run") == 0
    said = capsys.readouterr().out
    for words in (revision.name(TAXONOMY), "taskonomy-pipeline", "store = s3://taskonomy/store"):
        assert words in said
    assert "spot_attempts = 2\n" in said
    assert kubeflow.asked == []


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_version_is_named_by_the_revision_and_by_the_content_of_what_is_not_committed(
    tmp_path: Path,
) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text("a: 1\n")
    outside = revision.name(file)
    assert outside.startswith("v0.1.0-")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "One")
    committed = revision.name(file)
    assert committed == git(tmp_path, "rev-parse", "--short=12", "HEAD")
    file.write_text("a: 2\n")
    second = revision.name(file)
    file.write_text("a: 3\n")
    assert second.startswith(f"{committed}-changed-")
    assert revision.name(file) not in (second, committed)
