"""The 26 tasks of the dictionary (Zamir et al., CVPR 2018, section 3 and supplement), as one table.

22 are sources and targets; colorization, jigsaw, in-painting and the random projection are sources
only. Every label costs 1 unless a configuration says otherwise.
"""

from difflib import get_close_matches

from taskonomy.dictionary.task import Task
from taskonomy.errors import BadInput

DICTIONARY: tuple[Task, ...] = (
    # 2D: what a network can know from colour alone.
    Task(
        name="autoencoding", title="Autoencoding", group="2D",
        inputs="image", items="view", label="rgb", target="the image, [-1, 1]",
        channels=3, loss="l1", head="image", aliases=("autoencoder",),
    ),
    Task(
        name="denoising", title="Denoising", group="2D",
        inputs="noisy", items="view", label="rgb",
        target="the clean image, [-1, 1]; the input has Gaussian noise of variance 0.01 on [0, 1]",
        channels=3, loss="l1", head="image", aliases=("denoise",),
    ),
    Task(
        name="colorization", title="Colorization", group="2D",
        inputs="lightness", items="view", label="rgb",
        target="soft ab colour bins, rebalanced by their prior",
        channels=0, loss="pixel_cross_entropy", head="image", role="source-only",
    ),
    Task(
        name="inpainting", title="In-painting", group="2D",
        inputs="masked", items="view", label="rgb",
        target="the whole image, [-1, 1]; the input's centre half is masked",
        channels=3, loss="l1", head="image", role="source-only",
        aliases=("impainting_whole", "inpainting_whole"),
    ),
    Task(
        name="jigsaw", title="Jigsaw", group="geometric",
        inputs="tiles", items="view", label="rgb",
        target="which of 100 maximally different permutations shuffled the 3x3 tiles",
        channels=100, loss="cross_entropy", head="vector", role="source-only",
    ),
    Task(
        name="random_projection", title="Random projection", group="none",
        inputs="image", items="view", label="", target="none: an untrained encoder",
        channels=0, loss="none", head="none", role="source-only", aliases=("random",),
    ),
    Task(
        name="edge_texture", title="2D edges", group="2D",
        inputs="image", items="view", label="edge_texture",
        target="Canny edge strength without non-maximum suppression",
        channels=1, loss="l1", head="image", aliases=("edge2d",),
    ),
    Task(
        name="keypoints2d", title="2D keypoints", group="2D",
        inputs="image", items="view", label="keypoints2d",
        target="SURF-like interest without non-maximum suppression",
        channels=1, loss="l1", head="image", aliases=("keypoint2d",),
    ),
    Task(
        name="segment_unsup2d", title="2D segmentation", group="2D",
        inputs="image", items="view", label="segment_unsup2d",
        target="an embedding in which pixels of one unsupervised colour segment are near",
        channels=64, loss="metric", head="image", aliases=("segment2d",),
    ),
    # 3D: the scene's geometry, pixel by pixel.
    Task(
        name="depth_zbuffer", title="Z-depth", group="3D",
        inputs="image", items="view", label="depth_zbuffer",
        target="log-scaled depth along the optical axis",
        channels=1, loss="l1", head="image", aliases=("rgb2depth", "depth"),
    ),
    Task(
        name="depth_euclidean", title="Distance", group="3D",
        inputs="image", items="view", label="depth_euclidean",
        target="log-scaled distance to the camera centre",
        channels=1, loss="l1", head="image", aliases=("rgb2mist", "mist"),
    ),
    Task(
        name="normal", title="Surface normals", group="3D",
        inputs="image", items="view", label="normal",
        target="unit normals in the camera frame",
        channels=3, loss="l1", head="image", aliases=("rgb2sfnorm",),
    ),
    Task(
        name="principal_curvature", title="Principal curvature", group="3D",
        inputs="image", items="view", label="principal_curvature",
        target="the two principal curvatures, compressed",
        channels=2, loss="l2", head="image", aliases=("curvature",),
    ),
    Task(
        name="reshading", title="Reshading", group="3D",
        inputs="image", items="view", label="reshading",
        target="shading under one point light at the camera",
        channels=1, loss="l1", head="image", aliases=("reshade",),
    ),
    Task(
        name="edge_occlusion", title="Occlusion edges", group="3D",
        inputs="image", items="view", label="edge_occlusion",
        target="edges at depth discontinuities",
        channels=1, loss="l1", head="image", aliases=("edge3d",),
    ),
    Task(
        name="keypoints3d", title="3D keypoints", group="3D",
        inputs="image", items="view", label="keypoints3d",
        target="NARF-like interest on the range image without non-maximum suppression",
        channels=1, loss="l1", head="image", aliases=("keypoint3d",),
    ),
    Task(
        name="segment_unsup25d", title="2.5D segmentation", group="3D",
        inputs="image", items="view", label="segment_unsup25d",
        target="an embedding in which pixels of one geometric segment are near",
        channels=64, loss="metric", head="image", aliases=("segment25d",),
    ),
    # Geometric: a few numbers about the scene or the camera.
    Task(
        name="room_layout", title="Room layout", group="geometric",
        inputs="image", items="view", label="point_info",
        target="the room box in the camera frame: centre, Euler angles, scales; z-scored",
        channels=9, loss="l2", head="vector",
    ),
    Task(
        name="vanishing_point", title="Vanishing points", group="geometric",
        inputs="image", items="view", label="point_info",
        target="the three Manhattan directions as unit vectors in the camera frame",
        channels=9, loss="l2", head="vector", aliases=("vanishing_point_well_defined",),
    ),
    Task(
        name="point_matching", title="Point matching", group="geometric",
        inputs="pair", items="match_pair", label="point_info",
        target="whether two views fixate the same point",
        channels=2, loss="cross_entropy", head="vector", aliases=("point_match",),
    ),
    Task(
        name="fixated_pose", title="Camera pose (fixated)", group="geometric",
        inputs="pair", items="fixated_pair", label="point_info",
        target="relative Euler angles and translation of two views of one point; z-scored",
        channels=6, loss="l2_norm", head="vector", aliases=("fix_pose",),
    ),
    Task(
        name="nonfixated_pose", title="Camera pose (non-fixated)", group="geometric",
        inputs="pair", items="nonfixated_pair", label="point_info",
        target="relative Euler angles and translation of two overlapping views; z-scored",
        channels=6, loss="l2_norm", head="vector", aliases=("non_fixated_pose",),
    ),
    Task(
        name="egomotion", title="Egomotion", group="geometric",
        inputs="triplet", items="fixated_triplet", label="point_info",
        target="relative poses of the three pairs among three views; z-scored",
        channels=18, loss="l2_norm", head="vector", aliases=("ego_motion",),
    ),
    # Semantic: what things are.
    Task(
        name="class_object", title="Object classification", group="semantic",
        inputs="image", items="view", label="class_object",
        target="soft labels over the data set's object classes",
        channels=0, loss="cross_entropy", head="vector", aliases=("class_1000",),
    ),
    Task(
        name="class_scene", title="Scene classification", group="semantic",
        inputs="image", items="view", label="class_scene",
        target="soft labels over the data set's scene classes",
        channels=0, loss="cross_entropy", head="vector", aliases=("class_places",),
    ),
    Task(
        name="segment_semantic", title="Semantic segmentation", group="semantic",
        inputs="image", items="view", label="segment_semantic",
        target="background and the 16 COCO classes of the data set; uncertain pixels masked",
        channels=17, loss="pixel_cross_entropy", head="image",
        aliases=("segmentsemantic_rb", "segmentsemantic"),
    ),
)  # fmt: skip

SOURCES: tuple[str, ...] = tuple(task.name for task in DICTIONARY)
TARGETS: tuple[str, ...] = tuple(task.name for task in DICTIONARY if task.role == "both")

_BY_NAME = {name: task for task in DICTIONARY for name in (task.name, *task.aliases)}


def task(name: str) -> Task:
    """Return the task of that name or alias.

    Raises:
        BadInput: the dictionary has no such task; the line names the nearest ones.
    """
    if name not in _BY_NAME:
        near = get_close_matches(name, _BY_NAME, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(SOURCES)}"
        raise BadInput(f"unknown task {name!r}: {hint}")
    return _BY_NAME[name]
