"""`taskonomy data annotate`: from posed RGB-D frames to labels."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the capture, where its labels go, and how its numbers are to be read."""
    parser.add_argument(
        "capture",
        type=Path,
        metavar="CAPTURE",
        help="a folder as 7-Scenes, TUM, ScanNet, nerfstudio or COLMAP has it",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--teacher",
        type=Path,
        metavar="WEIGHTS",
        help="semantic labels by a segmentation network of torchvision's [none]",
    )
    reading = parser.add_argument_group("how the capture is to be read, where not as its style is")
    reading.add_argument(
        "--poses", choices=("camera-to-world", "world-to-camera"), help="what poses map to what"
    )
    reading.add_argument(
        "--axes",
        choices=("opencv", "opengl"),
        help="the camera's: y down, z forward (opencv) or y up, z backward",
    )
    reading.add_argument(
        "--quaternions", choices=("wxyz", "xyzw"), help="the order of their numbers"
    )
    reading.add_argument(
        "--depth-unit", type=_unit, metavar="N|m|cm|mm", help="levels of depth in a metre"
    )
    reading.add_argument(
        "--pose-unit", type=_unit, metavar="N|m|cm|mm", help="units of the poses in a metre"
    )
    reading.add_argument(
        "--intrinsics",
        metavar="FX,FY,CX,CY|FILE",
        help="the depth images', in pixels; a file holds 3x3 numbers",
    )
    parser.set_defaults(command=_annotate)


def _unit(text: str) -> float:
    """How many make a metre.

    Raises:
        argparse.ArgumentTypeError: the text says no such thing.
    """
    from taskonomy.captures.conventions import UNITS

    try:
        value = UNITS[text] if text in UNITS else float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(
            f"found {text}, expected how many make a metre, or {', '.join(UNITS)}"
        )
    return value


def _annotate(options: argparse.Namespace) -> int:
    from taskonomy.captures import annotate, intrinsics, styles
    from taskonomy.captures.frames import why_left_out

    teacher = None
    if options.teacher is not None:
        from taskonomy.captures.teacher import Teacher

        teacher = Teacher(options.teacher)
        print(f"{teacher.name} knows no {', '.join(teacher.unknown)}: there it sees background")
    changes = {
        name: getattr(options, name)
        for name in ("poses", "axes", "quaternions", "depth_unit", "pose_unit")
    }
    if options.intrinsics is not None:
        changes["intrinsics"] = intrinsics.parse(options.intrinsics)
    found = annotate(styles.load(options.capture, changes), options.out, teacher=teacher)
    if found.untold:
        print(found.untold)
    unseen = found.frames - found.seen
    print(
        f"{found.frames} of {found.frames + sum(found.left_out.values())} frames used; "
        f"{why_left_out(found.left_out) or 'none left out'}"
        f"{f'; {unseen} of those used gave no view' if unseen else ''}"
    )
    print(f"{found.views} annotated views in {options.out}")
    return 0
