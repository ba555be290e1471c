"""Which operation's result goes into which, and in which module each runs: one image, followed through a model.

Tensors are followed by identity through PyTorch's function overrides, so any Python code in ``forward`` will
do. What cannot be seen is a change in place of a view, when the tensor behind it is what is read afterwards.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from spatialvision.models.observing import black_image, observed
from spatialvision.models.recorder import IMAGE, CallRecorder, Trace, tensors_in

#: Functions that pass values on without computing with them: their result counts as the argument itself.
PASSING = """
    view view_as reshape reshape_as flatten unflatten ravel squeeze unsqueeze permute transpose t movedim moveaxis
    expand expand_as contiguous clone detach alias get to type type_as float double half bfloat16 cpu cuda
    dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout
"""


class FlowRecorder(CallRecorder):
    """Also follows every tensor that depends on the images; constants and weights are no part of the flow."""

    def __init__(self, model: nn.Module, images: Tensor):
        super().__init__(model, images)
        self.trace.followed = True
        self.producers: Any = WeakTensorKeyDictionary()
        self.producers[images] = IMAGE

    def operate(self, name: str, inputs: Any, output: Any) -> None:
        """Note what one function did."""
        sources = [self.producers[tensor] for tensor in tensors_in(inputs) if tensor in self.producers]
        if not sources or name.startswith("new_") or name.endswith("_like"):
            return
        outputs = list(tensors_in(output))
        if outputs:
            producer = sources[0] if name in PASSING.split() else self.record(name, sources, output)
            for tensor in outputs:
                self.producers[tensor] = producer

    def result(self, module: nn.Module, inputs: Any, output: Any) -> None:
        """Take a module's result for its own work if it came about out of sight."""
        unseen = [tensor for tensor in tensors_in(output) if tensor not in self.producers]
        self.operate(type(module).__name__, inputs, unseen)

    def finish(self, output: Any) -> Trace:
        """The trace, given the model's output: its results are the operations that the output came from."""
        super().finish(output)
        found = [self.producers[tensor] for tensor in tensors_in(output) if tensor in self.producers]
        self.trace.results = list(dict.fromkeys(found))
        return self.trace


class _FunctionWatch(TorchFunctionMode):
    """Shows every torch function that Python calls to a recorder; functions inside those stay unseen."""

    def __init__(self, recorder: FlowRecorder):
        super().__init__()
        self.recorder = recorder

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", type(func).__name__).strip("_")
        written = args[0] if name == "setitem" else output
        self.recorder.operate(name, (args, kwargs), written)
        return output


def trace_flow(model: nn.Module, input_shape: tuple[int, int, int]) -> Trace:
    """Run one image (C, H, W) of zeros through the model, in evaluation mode, and follow its tensors.

    The model's state, flags and hooks and the random streams are left as they were. Where following fails,
    the model runs again without it, and the trace has ``followed=False``.
    """
    images = black_image(model, input_shape)
    try:
        recorder = FlowRecorder(model, images)
        with observed(model, images.device, recorder.enter, recorder.leave), _FunctionWatch(recorder):
            return recorder.finish(_forward(model, images))
    except Exception:  # anything: a picture is no reason to lose a run
        order = CallRecorder(model, images)
        with observed(model, images.device, order.enter, order.leave):
            return order.finish(model(images))


def _forward(model: nn.Module, images: Tensor) -> Any:
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    return torch.func.functional_call(model, buffers, (images,))
