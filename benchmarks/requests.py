"""How many requests a run makes to an object store, for each model that it trains.

    python -m benchmarks.requests > src/taskonomy/cluster/requests.json

Runs every stage on a tiny profile with a store in S3 (moto's server, as a process of its own) and
counts what the server has logged; by stage on stderr. Data are no part of the store.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3

from taskonomy.config import Config, load
from taskonomy.rooms.dataset import render_dataset
from taskonomy.runs.context import Context
from taskonomy.stages.compute_affinity import compute_affinity
from taskonomy.stages.evaluate import evaluate
from taskonomy.stages.plan import plan
from taskonomy.stages.publish import publish
from taskonomy.stages.select_candidates import select_candidates
from taskonomy.stages.solve_taxonomy import solve_taxonomy
from taskonomy.stages.train_task import train_task
from taskonomy.stages.train_transfers import train_transfers
from taskonomy.stages.version_data import version_data

ROOT = Path(__file__).resolve().parents[1]
BUCKET = "taskonomy"
IMAGES = 120
TASKS = ("denoising", "random_projection", "keypoints2d", "normal", "depth_euclidean")
REQUEST = re.compile(r'"(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP')


@contextmanager
def server(log: Path) -> Iterator[None]:
    """An S3 server whose log names every request; boto3 and s3fs are told where it is."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command = [sys.executable, "-m", "moto.server", "--port", str(port)]
    with log.open("w") as written, subprocess.Popen(command, stderr=written, stdout=written) as run:
        try:
            while "Running on" not in log.read_text():
                if run.poll() is not None:
                    raise SystemExit(f"moto.server ended: {log.read_text()}")
                time.sleep(0.1)
            boto3.client("s3").create_bucket(Bucket=BUCKET)
            yield
        finally:
            run.terminate()


def tiny() -> Config:
    """The demo profile on few tasks, small images and with little training."""
    config = load(ROOT / "params.yaml", "demo")
    network = {"image_size": 32, "target_size": 16, "widths": (8, 8, 8)}
    transfer = {"test_images": 16, "steps": 2, "batch": 8, "top": 3}
    return config.updated(
        tasks=TASKS,
        regimes=(16,),
        data={"images": IMAGES, "size": 32},
        network=network,
        training={"epochs": 4, "batch": 8},
        transfer=transfer,
        affinity={"replicates": 20},
        taxonomy={"budgets": (2, 4)},
    )


def road(context: Context, data: Path) -> Iterator[str]:
    """Every stage in turn; its name once it is done."""
    dataset = version_data(context, str(data))
    yield "version-data"
    planned = plan(context, dataset)
    yield "plan"
    for shard in planned.task_shards:
        train_task(context, shard)
    yield "train-task"
    for shard in planned.transfer_shards:
        train_transfers(context, shard)
    yield "train-transfers, first order"
    chosen = select_candidates(context, planned.key)
    yield "select-candidates"
    for shard in chosen.transfer_shards:
        train_transfers(context, shard)
    yield "train-transfers, higher orders"
    affinity = compute_affinity(context, planned.key, chosen.key)
    yield "compute-affinity"
    taxonomy = solve_taxonomy(context, affinity)
    yield "solve-taxonomy"
    evaluation = evaluate(context, affinity, taxonomy)
    yield "evaluate"
    publish(context, planned.key, chosen.key, affinity, taxonomy, evaluation)
    yield "publish"


def kind(method: str, path: str) -> str:
    """As object stores bill them: listings apart from reads."""
    return "LIST" if method == "GET" and "list-type=2" in path else method


def main() -> int:
    """Run the road once and count."""
    config = tiny()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["HOME"] = name  # the cache of fetched outputs starts empty
        os.chdir(folder)
        render_dataset(folder / "rooms", config.data.images, config.data.size, 0, 2)
        context = Context(f"s3://{BUCKET}/store", config.to_json(), f"sqlite:///{folder}/mlflow.db")
        log = folder / "log"
        with server(log):
            total, place = Counter[str](), len(log.read_text())
            for stage in road(context, folder / "rooms"):
                text = log.read_text()
                found = Counter(kind(*request) for request in REQUEST.findall(text[place:]))
                total, place = total + found, len(text)
                print(f"{stage}: {dict(found)}", file=sys.stderr)
            pages = boto3.client("s3").get_paginator("list_objects_v2")
            listed = pages.paginate(Bucket=BUCKET, Prefix="store/models/")
            models = sum(page["KeyCount"] for page in listed)
    each = {name: round(count / models, 2) for name, count in sorted(total.items())}
    command = "python -m benchmarks.requests"
    print(json.dumps({"command": command, "models": models, "a_model": each}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
