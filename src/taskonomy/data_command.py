"""The commands that look at data sets and repack them: the rest of `taskonomy data`."""

import argparse
from pathlib import Path
from typing import Any


def add_commands(commands: Any) -> None:
    """Add show, card, index, pack and unpack to the subparsers of `taskonomy data`."""
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

    pack = commands.add_parser("pack", help="repack a data set into tar shards (WebDataset)")
    pack.add_argument("data", metavar="DIR|URL")
    pack.add_argument("--out", type=Path, required=True, metavar="DIR")
    pack.set_defaults(command=_pack)

    unpack = commands.add_parser("unpack", help="write a data set's files from its tar shards")
    unpack.add_argument("shards", metavar="DIR|URL")
    unpack.add_argument("--out", type=Path, required=True, metavar="DIR")
    unpack.set_defaults(command=_unpack)


def _show(options: argparse.Namespace) -> int:
    from taskonomy.publishing.sheet import show

    count = show(options.data, options.out)
    print(f"{count} views in {options.out}")
    return 0


def _card(options: argparse.Namespace) -> int:
    from taskonomy.publishing.card import card

    print(card(options.data), end="")
    return 0


def _index(options: argparse.Namespace) -> int:
    from taskonomy.data import catalogue

    found = catalogue.scan(options.data)
    catalogue.keep(found)
    print(f"{found.count} files of {len(found.views)} views, {len(found.domains)} domains")
    return 0


def _pack(options: argparse.Namespace) -> int:
    from taskonomy.data import shards

    packed = shards.pack(options.data, options.out)
    print(f"{packed.views} views in {packed.shards} shards, {packed.bytes} bytes")
    return 0


def _unpack(options: argparse.Namespace) -> int:
    from taskonomy.data import shards

    print(f"{shards.unpack(options.shards, options.out)} views in {options.out}")
    return 0
