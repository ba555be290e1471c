"""Plain words for modules and functions, as a diagram's boxes show them."""

from typing import Any

from torch import nn

#: Functions whose own name says too little; others are shown by their name.
WORDS = {
    "sampler": "sample",
    "affine_grid": "sampling grid",
    "cat": "concatenate",
    "concat": "concatenate",
    "mul": "multiply",
    "div": "divide",
    "truediv": "divide",
    "sub": "subtract",
    "neg": "negate",
    "getitem": "select",
    "setitem": "assign",
    "matmul": "matrix product",
    "bmm": "matrix product",
    "scaled_dot_product_attention": "attention",
    "adaptive_avg_pool2d": "average pool",
    "avg_pool2d": "average pool",
    "max_pool2d": "max pool",
    "relu": "ReLU",
}

#: The first part of a name that is found here says what kind of box it is.
KINDS = {
    "pool": "pooling",
    "norm": "normalisation",
    "conv": "convolution",
    "attention": "attention",
    "linear": "linear",
    "sampl": "sampling",
    "interpolate": "sampling",
    **dict.fromkeys(
        ["relu", "gelu", "elu", "silu", "swish", "mish", "tanh", "sigmoid", "softmax", "softplus"],
        "activation",
    ),
}


def plain_word(function: str) -> str:
    """A function's name in plain words: ``__iadd__`` and ``add_`` are "add"."""
    name = function.strip("_").removeprefix("grid_")  # grid_sample
    for candidate in (name, name[1:] if name[:1] in "ir" else name):  # __iadd__, __rsub__
        if candidate in WORDS or candidate in ("add", "pow"):
            return WORDS.get(candidate, candidate)
    return name.replace("_", " ")


def kind_of(label: str) -> str:
    """The kind of a box from its label: "convolution", "pooling", …, or "operation"."""
    lower = label.lower()
    return next((kind for part, kind in KINDS.items() if part in lower), "operation")


def options_of(module: nn.Module) -> str:
    """A layer's main options: "5×5, 10 channels, stride 2"; empty where there is nothing to say."""
    size, stride = getattr(module, "kernel_size", None), getattr(module, "stride", None)
    channels, features = getattr(module, "out_channels", None), getattr(module, "out_features", None)
    target = getattr(module, "output_size", None)
    groups = getattr(module, "groups", 1)
    words = [
        _times(module, size) if size else "",
        f"{channels} channels" if isinstance(channels, int) else "",
        f"stride {_one_of(stride)}" if channels and _one_of(stride) not in ("1", "None") else "",
        f"{groups} groups" if isinstance(groups, int) and groups > 1 else "",
        f"{features} features" if isinstance(features, int) else "",
        f"to {_times(module, target)}" if target else "",
    ]
    return ", ".join(word for word in words if word)


def _times(module: nn.Module, sizes: Any) -> str:
    dimensions = {"1d": 1, "3d": 3}.get(type(module).__name__[-2:], 2)
    values = sizes if isinstance(sizes, tuple | list) else [sizes] * dimensions
    return "×".join(str(value) for value in values)


def _one_of(sizes: Any) -> str:
    values = sizes if isinstance(sizes, tuple | list) else [sizes]
    return "×".join(str(value) for value in dict.fromkeys(values))
