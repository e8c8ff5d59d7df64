"""The 26 tasks of the dictionary (Zamir et al., CVPR 2018, section 3 and supplement), as one table.

22 are sources and targets; colorization, jigsaw, in-painting and the random projection are sources
only. Every label costs 1 unless a configuration says otherwise.
"""

from taskonomy.dictionary.dictionary import Dictionary
from taskonomy.dictionary.task import Task

_CAMERA = ("camera_location", "camera_rotation_final")
_POSE = ("turn x", "turn y", "turn z", "shift x", "shift y", "shift z")

TASKS: tuple[Task, ...] = (
    # 2D: what a network can know from colour alone.
    Task(
        name="autoencoding", title="Autoencoding", group="2D",
        inputs="image", items="view", kind="image", label="rgb", target="the image, [-1, 1]",
        channels=3, loss="l1", head="image", aliases=("autoencoder",),
    ),
    Task(
        name="denoising", title="Denoising", group="2D",
        inputs="noisy", items="view", kind="image", label="rgb",
        target="the clean image, [-1, 1]; the input has Gaussian noise of variance 0.01 on [0, 1]",
        channels=3, loss="l1", head="image", aliases=("denoise",),
    ),
    Task(
        name="colorization", title="Colorization", group="2D",
        inputs="lightness", items="view", kind="colour_bins", label="rgb",
        target="soft ab colour bins, rebalanced by their prior",
        channels=0, loss="pixel_cross_entropy", head="image", role="source-only",
        reduction=4,
    ),
    Task(
        name="inpainting", title="In-painting", group="2D",
        inputs="masked", items="view", kind="image", label="rgb",
        target="the whole image, [-1, 1]; the input's centre half is masked",
        channels=3, loss="l1", head="image", role="source-only",
        aliases=("impainting_whole", "inpainting_whole"),
    ),
    Task(
        name="jigsaw", title="Jigsaw", group="geometric",
        inputs="tiles", items="view", kind="permutation", label="rgb",
        target="which of 100 maximally different permutations shuffled the 3x3 tiles",
        channels=100, loss="cross_entropy", head="vector", role="source-only",
        layers=3, components=tuple(f"order {i + 1}" for i in range(100)),
    ),
    Task(
        name="random_projection", title="Random projection", group="none",
        inputs="image", items="view", kind="none", label="", target="none: an untrained encoder",
        channels=0, loss="none", head="none", role="source-only", aliases=("random",),
    ),
    Task(
        name="edge_texture", title="2D edges", group="2D",
        inputs="image", items="view", kind="map", label="edge_texture",
        target="Canny edge strength without non-maximum suppression",
        channels=1, loss="l1", head="image", aliases=("edge2d",),
        scale="sparse", top=0.08,
    ),
    Task(
        name="keypoints2d", title="2D keypoints", group="2D",
        inputs="image", items="view", kind="map", label="keypoints2d",
        target="SURF-like interest without non-maximum suppression",
        channels=1, loss="l1", head="image", aliases=("keypoint2d",),
        scale="sparse", top=0.005,
    ),
    Task(
        name="segment_unsup2d", title="2D segmentation", group="2D",
        inputs="image", items="view", kind="segments", label="segment_unsup2d",
        target="an embedding in which pixels of one unsupervised colour segment are near",
        channels=64, loss="metric", head="image", aliases=("segment2d",),
    ),
    # 3D: the scene's geometry, pixel by pixel.
    Task(
        name="depth_zbuffer", title="Z-depth", group="3D",
        inputs="image", items="view", kind="map", label="depth_zbuffer",
        target="log-scaled depth along the optical axis",
        channels=1, loss="l1", head="image", aliases=("rgb2depth", "depth"),
        scale="log",
    ),
    Task(
        name="depth_euclidean", title="Distance", group="3D",
        inputs="image", items="view", kind="map", label="depth_euclidean",
        target="log-scaled distance to the camera centre",
        channels=1, loss="l1", head="image", aliases=("rgb2mist", "mist"),
        scale="log", masked=True,
    ),
    Task(
        name="normal", title="Surface normals", group="3D",
        inputs="image", items="view", kind="map", label="normal",
        target="unit normals in the camera frame",
        channels=3, loss="l1", head="image", aliases=("rgb2sfnorm",),
        scale="unit", masked=True,
    ),
    Task(
        name="principal_curvature", title="Principal curvature", group="3D",
        inputs="image", items="view", kind="map", label="principal_curvature",
        target="the two principal curvatures, compressed",
        channels=2, loss="l2", head="image", aliases=("curvature",),
        scale="tanh",
    ),
    Task(
        name="reshading", title="Reshading", group="3D",
        inputs="image", items="view", kind="map", label="reshading",
        target="shading under one point light at the camera",
        channels=1, loss="l1", head="image", aliases=("reshade",),
        scale="shading", masked=True,
    ),
    Task(
        name="edge_occlusion", title="Occlusion edges", group="3D",
        inputs="image", items="view", kind="map", label="edge_occlusion",
        target="edges at depth discontinuities",
        channels=1, loss="l1", head="image", aliases=("edge3d",),
        scale="sparse", top=0.00625, blur=4.0 / 256, masked=True,
    ),
    Task(
        name="keypoints3d", title="3D keypoints", group="3D",
        inputs="image", items="view", kind="map", label="keypoints3d",
        target="NARF-like interest on the range image without non-maximum suppression",
        channels=1, loss="l1", head="image", aliases=("keypoint3d",),
        scale="sparse", top=1.0, blur=2.0 / 256, masked=True,
    ),
    Task(
        name="segment_unsup25d", title="2.5D segmentation", group="3D",
        inputs="image", items="view", kind="segments", label="segment_unsup25d",
        target="an embedding in which pixels of one geometric segment are near",
        channels=64, loss="metric", head="image", aliases=("segment25d",),
    ),
    # Geometric: a few numbers about the scene or the camera.
    Task(
        name="room_layout", title="Room layout", group="geometric",
        inputs="image", items="view", kind="box", label="point_info",
        keys=(*_CAMERA, "bounding_box_ranges"),
        target="the room box in the camera frame: centre, Euler angles, scales; z-scored",
        channels=9, loss="l2", head="vector",
        components=tuple(f"{word} {axis}" for word in ("centre", "turn", "size") for axis in "xyz"),
    ),
    Task(
        name="vanishing_point", title="Vanishing points", group="geometric",
        inputs="image", items="view", kind="directions", label="point_info",
        keys=("vanishing_points_gaussian_sphere",),
        target="the walls' directions backward, right and up as unit vectors in the camera frame",
        channels=9, loss="l2", head="vector", aliases=("vanishing_point_well_defined",),
        components=tuple(f"line {i} {axis}" for i in (1, 2, 3) for axis in "xyz"),
    ),
    Task(
        name="point_matching", title="Point matching", group="geometric",
        inputs="pair", items="match_pair", kind="match", label="point_info",
        target="whether two views fixate the same point",
        channels=2, loss="cross_entropy", head="vector", aliases=("point_match",),
        width=1 / 8, components=("different", "same"),
    ),
    Task(
        name="fixated_pose", title="Camera pose (fixated)", group="geometric",
        inputs="pair", items="fixated_pair", kind="pose", label="point_info", keys=_CAMERA,
        target="relative Euler angles and translation of two views of one point; z-scored",
        channels=6, loss="l2_norm", head="vector", aliases=("fix_pose",),
        components=_POSE,
    ),
    Task(
        name="nonfixated_pose", title="Camera pose (non-fixated)", group="geometric",
        inputs="pair", items="nonfixated_pair", kind="pose", label="point_info",
        keys=(*_CAMERA, "nonfixated_points_in_view"),
        target="relative Euler angles and translation of two overlapping views; z-scored",
        channels=6, loss="l2_norm", head="vector", aliases=("non_fixated_pose",),
        layers=3, components=_POSE,
    ),
    Task(
        name="egomotion", title="Egomotion", group="geometric",
        inputs="triplet", items="fixated_triplet", kind="pose", label="point_info", keys=_CAMERA,
        target="relative poses of the three pairs among three views; z-scored",
        channels=18, loss="l2_norm", head="vector", aliases=("ego_motion",),
        layers=3, width=1 / 2,
        components=tuple(f"{pair} {part}" for pair in ("1–2", "1–3", "2–3") for part in _POSE),
    ),
    # Semantic: what things are.
    Task(
        name="class_object", title="Object classification", group="semantic",
        inputs="image", items="view", kind="classes", label="class_object",
        target="soft labels over the data set's object classes",
        channels=0, loss="cross_entropy", head="vector", aliases=("class_1000",),
    ),
    Task(
        name="class_scene", title="Scene classification", group="semantic",
        inputs="image", items="view", kind="classes", label="class_scene",
        target="soft labels over the data set's scene classes",
        channels=0, loss="cross_entropy", head="vector", aliases=("class_places",),
    ),
    Task(
        name="segment_semantic", title="Semantic segmentation", group="semantic",
        inputs="image", items="view", kind="pixel_classes", label="segment_semantic",
        target="background and the 16 COCO classes of the data set; uncertain pixels masked",
        channels=17, loss="pixel_cross_entropy", head="image",
        aliases=("segmentsemantic_rb", "segmentsemantic"),
    ),
)  # fmt: skip

DICTIONARY = Dictionary(TASKS)
"""The 26 tasks by name and alias."""
