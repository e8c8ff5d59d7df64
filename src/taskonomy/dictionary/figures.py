"""Sets of tasks that figures of the paper and of our studies speak of, by name."""

SURFACE = ("normal", "depth_zbuffer", "depth_euclidean", "reshading")
"""The tasks that are expected to share a branch of the task tree."""

TWINS = (
    ("autoencoding", "denoising"),
    ("edge_texture", "keypoints2d"),
    ("depth_zbuffer", "depth_euclidean"),
)
"""Tasks so alike that one's code nearly solves the other."""

SELF_SUPERVISED = ("colorization", "denoising", "egomotion", "inpainting", "jigsaw")
"""Tasks of the dictionary whose labels come from the images or from the camera's own motion."""

UNSUPERVISED = ("jigsaw", "inpainting", "colorization", "denoising", "autoencoding", "egomotion")
"""Sources that stand alone against the taxonomy in the study of baselines."""

PRICED = (
    *("normal", "depth_zbuffer", "reshading", "edge_occlusion", "keypoints3d", "room_layout"),
    *("vanishing_point", "class_object", "class_scene", "segment_semantic"),
    *("principal_curvature", "segment_unsup25d", "edge_texture", "keypoints2d", "fixated_pose"),
)
"""Tasks whose labels somebody has to pay for, in the order in which label efficiency takes them."""

VARIED = (
    *("normal", "reshading", "depth_zbuffer", "edge_occlusion", "edge_texture", "autoencoding"),
    *("room_layout", "segment_semantic", "vanishing_point", "keypoints2d", "segment_unsup25d"),
)
"""Tasks that sensitivity trains anew, in the order in which it takes them."""

LONG_ORDERS = ("normal", "class_scene", "reshading", "room_layout")
"""Targets of the study of orders: a map and a vector first."""

BY_CLASS = ("class_scene", "class_object")
"""Targets whose sources are ranked on images by class (in the paper Places and ImageNet)."""
