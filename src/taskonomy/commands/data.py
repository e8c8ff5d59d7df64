"""`taskonomy data`: render, annotate, verify, look at and repack data sets."""

import argparse
import os
import sys
from pathlib import Path

from taskonomy.commands import annotate
from taskonomy.commands.arguments import positive, share


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the commands of `taskonomy data`."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    render = commands.add_parser("render", help="render rooms with labels for every task")
    render.add_argument("--out", type=Path, required=True, metavar="DIR")
    render.add_argument("--images", type=positive, required=True, metavar="N")
    render.add_argument("--size", type=positive, required=True, metavar="PX")
    render.add_argument("--seed", type=int, required=True, metavar="S")
    render.add_argument(
        "--family", choices=("home", "studio"), default="home", help="their look and objects [home]"
    )
    render.add_argument(
        "--device", metavar="cuda|cpu", help="trace rays on this torch device [by Embree]"
    )
    render.add_argument("--plan", action="store_true", help="say what it takes, and end")
    render.set_defaults(command=_render)

    annotate.add_arguments(commands.add_parser("annotate", help="annotate posed RGB-D frames"))

    verify = commands.add_parser("verify", help="check every file of a data set")
    verify.add_argument("data", type=Path, metavar="DIR")
    verify.add_argument(
        "--left-out",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="the share of the views that may be incomplete or damaged, and are then named [0]",
    )
    verify.set_defaults(command=_verify)

    show = commands.add_parser("show", help="a picture of all labels of six views")
    show.add_argument("data", type=Path, metavar="DIR")
    show.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    show.set_defaults(command=_show)

    card = commands.add_parser("card", help="a data set in numbers, as Markdown")
    card.add_argument("data", type=Path, metavar="DIR")
    card.set_defaults(command=_card)

    index = commands.add_parser("index", help="list a large data set's files once and keep it")
    index.add_argument("data", metavar="DIR|URL")
    index.set_defaults(command=_index)

    hash_ = commands.add_parser("hash", help="the hash of a data set's content, of files or shards")
    hash_.add_argument("data", metavar="DIR|URL")
    hash_.set_defaults(command=_hash)

    pack = commands.add_parser("pack", help="repack a data set into tar shards (WebDataset)")
    pack.add_argument("data", metavar="DIR|URL")
    pack.add_argument("--out", type=Path, required=True, metavar="DIR")
    pack.set_defaults(command=_pack)

    unpack = commands.add_parser("unpack", help="write a data set's files from its tar shards")
    unpack.add_argument("shards", metavar="DIR|URL")
    unpack.add_argument("--out", type=Path, required=True, metavar="DIR")
    unpack.set_defaults(command=_unpack)


def _render(options: argparse.Namespace) -> int:
    from taskonomy.rooms.dataset import render_dataset
    from taskonomy.rooms.plan import plan

    workers = len(os.sched_getaffinity(0))
    numbers = options.images, options.size, options.seed
    arguments = (options.out, *numbers, workers, options.family, options.device)
    if options.plan:
        print(plan(*arguments).text)
        return 0
    render_dataset(*arguments)
    print(f"{options.images} images in {options.out}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from taskonomy.data.verify import verify as verify_files

    report = verify_files(options.data, left_out=options.left_out)
    print(report.text)
    for view, reason in report.left_out.items():
        print(f"{view} is left out: {reason}", file=sys.stderr)
    for fault in report.faults:
        print(fault, file=sys.stderr)
    return 2 if report.faults else 0


def _show(options: argparse.Namespace) -> int:
    from taskonomy.data.sheet import show

    count = show(options.data, options.out)
    print(f"{count} views in {options.out}")
    return 0


def _card(options: argparse.Namespace) -> int:
    from taskonomy.data.statistics import card

    print(card(options.data), end="")
    return 0


def _index(options: argparse.Namespace) -> int:
    from taskonomy.data import catalogue

    found = catalogue.scan(options.data)
    catalogue.keep(found)
    print(f"{found.count} files of {len(found.views)} views, {len(found.domains)} domains")
    return 0


def _hash(options: argparse.Namespace) -> int:
    from taskonomy.data.content import content

    print(content(options.data))
    return 0


def _pack(options: argparse.Namespace) -> int:
    from taskonomy.data import shards

    packed = shards.pack(options.data, options.out)
    print(f"{packed.views} views in {packed.shards} shards, {packed.bytes} bytes")
    if packed.others:
        print(
            f"taskonomy: {len(packed.others)} file(s) are left out, named as no file of a domain"
            f" is: {packed.others[0]}",
            file=sys.stderr,
        )
    return 0


def _unpack(options: argparse.Namespace) -> int:
    from taskonomy.data import shards

    print(f"{shards.unpack(options.shards, options.out)} views in {options.out}")
    return 0
