"""Which clustering of transfer patterns finds the paper's tree in the paper's affinities?

    python -m benchmarks.tree FOLDER

FOLDER holds the released `all_affinities_16k.pkl`. Prints the adjusted Rand index between the five
branches of the paper's task tree and those of each choice of pattern, treatment of own readouts,
distance and linkage, best first.
"""

import argparse
from itertools import product
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from taskonomy.evaluation.tree import STEEPNESS, adjusted_rand, first_order
from taskonomy.taxonomy import released

PAPER = {
    "denoising": ("denoise",),
    "semantic": ("segmentsemantic_rb", "class_1000", "class_places"),
    "2D": (
        *("edge2d", "autoencoder", "keypoint2d", "segment2d", "colorization"),
        "impainting_whole",
    ),
    "geometric": (
        *("room_layout", "vanishing_point_well_defined", "point_match", "ego_motion", "fix_pose"),
        *("non_fixated_pose", "random", "jigsaw"),
    ),
    "3D": (
        *("rgb2sfnorm", "segment25d", "curvature", "keypoint3d", "rgb2depth", "rgb2mist"),
        *("edge3d", "reshade"),
    ),
}
"""The branches of the paper's figure 13, in the names of the released files."""

FORMS = {
    "exp(-20 p)": lambda p: np.exp(-STEEPNESS * p),
    "p": lambda p: p,
    "log p": np.log,
}
WAYS = (
    *product(("euclidean",), ("ward", "average", "complete", "single")),
    *product(("correlation",), ("average", "complete", "single")),
)


def affinities(folder: Path, own: str) -> tuple[list[str], Float[np.ndarray, "sources targets"]]:
    """First-order affinities of the sources that serve every target, own readouts kept or counted
    as the best transfer."""
    found = released.candidates(released.read(folder / "all_affinities_16k.pkl"))
    rows = first_order([c for c in found if c.sources != ("class_selected",)])
    sources = sorted(set.intersection(*(set(row) for row in rows.values())))
    table = np.array([[row[source] for row in rows.values()] for source in sources])
    if own == "as the best":
        for column, target in enumerate(rows):
            if target in sources:
                row = sources.index(target)
                table[row, column] = np.delete(table[:, column], row).max()
    return sources, table


def main() -> None:
    """Print every choice."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    lines = []
    for own in ("kept", "as the best"):
        sources, table = affinities(folder, own)
        expected = [branch for name in sources for branch in PAPER if name in PAPER[branch]]
        for (form, of), (distance, link) in product(FORMS.items(), WAYS):
            merges = linkage(pdist(of(table), distance), method=link)
            branches = fcluster(merges, len(PAPER), criterion="maxclust").tolist()
            index = adjusted_rand(branches, expected)
            lines.append((index, f"{form:11} {own:13} {distance:12} {link}"))
    print("adjusted Rand index of five branches with the paper's\n")
    print("index  pattern     own readout   distance     linkage")
    for index, line in sorted(lines, key=lambda pair: -pair[0]):
        print(f"{index:5.2f}  {line}")


if __name__ == "__main__":
    main()
