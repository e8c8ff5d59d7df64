"""Arguments that several commands take."""

import argparse
from pathlib import Path

from taskonomy.files import params


def add_profile(parser: argparse.ArgumentParser) -> None:
    """Declare which profile, and where its files go."""
    parser.add_argument("--profile", default="demo", help="a profile of params.yaml [demo]")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="[out]")
    parser.set_defaults(params=params())


def positive(text: str) -> int:
    """A whole number from 1.

    Raises:
        argparse.ArgumentTypeError: the text is none.
    """
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text}, expected a whole number from 1")
    return int(text)
