"""`taskonomy submit` and `taskonomy cluster`; heavy libraries are imported by what needs them."""

import argparse
from pathlib import Path
from typing import Any

from taskonomy.files import params

PAUSE = 5.0
"""Seconds between two looks at a run."""


def add_submit(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `taskonomy submit`."""
    add = parser.add_argument
    add("pipeline", nargs="?", default="taxonomy", metavar="PIPELINE", help="[taxonomy]")
    add("--profile", default="demo", help="a profile of params.yaml [demo]")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a pipeline's parameter")
    add("--experiment", default="taskonomy", help="[taskonomy]")
    _add_server(parser)
    add("--dry-run", action="store_true", help="say what would be sent and what it costs")
    add("--units", type=Path, metavar="FILE", help="unit costs [the measured ones]")
    add("--resume", metavar="RUN", help="start again only what failed of a run")
    parser.set_defaults(command=submit, params=params())


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """Declare the commands of `taskonomy cluster`."""
    parser.set_defaults(params=params())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="whether a cluster is ready, with fixes")
    check.add_argument("pipeline", nargs="?", default="taxonomy", metavar="PIPELINE")
    check.add_argument("--context", default="", help="of kubectl's configuration [its current]")
    check.add_argument("--namespace", default="", metavar="NAME", help="[k8s/base's]")
    check.add_argument("--tracking", default="", metavar="URL", help="MLflow, as reached from here")
    check.add_argument("--store", default="", metavar="URL", help="root of the store in S3")
    check.set_defaults(command=_check)
    units = commands.add_parser("units", help="derive unit costs from a finished local run")
    units.add_argument("out", type=Path, metavar="OUT", help="the folder of the run")
    units.add_argument("--profile", default="demo", help="the run's profile [demo]")
    units.add_argument("--device", required=True, metavar="WORDS", help="what trained")
    units.set_defaults(command=_units)


def submit(options: argparse.Namespace) -> int:
    """Run a pipeline on a cluster and follow it; or say what that would be."""
    if options.dry_run:
        return _dry_run(options)
    order = None if options.resume else _order(options)
    from taskonomy.cluster import submit as submission
    from taskonomy.cluster.backend import Backend
    from taskonomy.cluster.site import site

    backend = Backend(options.host, options.token, options.namespace or site().namespace)
    if order is None:
        identity = submission.resume(backend, options.resume)
    else:
        identity = submission.start(backend, order)
    print(f"run {identity}: {backend.link(identity)}", flush=True)
    submission.follow(backend, identity, PAUSE)
    print("succeeded")
    return 0


def _dry_run(options: argparse.Namespace) -> int:
    from taskonomy.cluster import units, words
    from taskonomy.cluster.cost import cost
    from taskonomy.cluster.site import site

    order = _order(options)
    measured = units.read(options.units or units.MEASURED)
    print(words.sent(order, options.namespace or site().namespace))
    print()
    print(words.expenses(cost(order.pipeline, order.config, measured, order.parameters), measured))
    return 0


def _order(options: argparse.Namespace) -> Any:
    from taskonomy.cluster.order import order
    from taskonomy.config import load

    config = load(options.params, options.profile)
    return order(options.pipeline, config, options.set, options.experiment)


def _check(options: argparse.Namespace) -> int:
    """Print a line a finding, and what could not be looked at; 1 if there is a fault."""
    from taskonomy.cluster.check import findings
    from taskonomy.cluster.site import site

    faults, unseen = 0, []
    namespace = options.namespace or site().namespace
    for finding in findings(
        options.context, namespace, options.pipeline, options.tracking, options.store
    ):
        print(finding, flush=True)
        faults += finding.state == "fault"
        unseen += [finding.subject] if finding.state == "unseen" else []
    count = f"{faults or 'no'} fault{'s' if faults != 1 else ''}"
    print(f"{count} in what could be looked at; unseen: {', '.join(unseen)}" if unseen else count)
    return 1 if faults else 0


def _units(options: argparse.Namespace) -> int:
    from taskonomy.cluster.measure import units
    from taskonomy.config import load

    config = load(options.params, options.profile)
    print(units(options.out, config, options.device).to_json(), end="")
    return 0


def _add_server(parser: argparse.ArgumentParser) -> None:
    add, usual = parser.add_argument, "kfp's own settings"
    add("--host", default="", metavar="URL", help=f"of Kubeflow Pipelines [{usual}]")
    add("--token", type=Path, metavar="FILE", help=f"a bearer token [{usual}]")
    add("--namespace", default="", metavar="NAME", help="where runs execute [k8s/base's]")
