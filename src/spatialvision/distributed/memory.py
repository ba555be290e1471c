"""Keep freed memory for the next step instead of giving it back to the operating system.

By default glibc returns large blocks at once, so that every step's activations are mapped, zeroed and faulted in
anew: on small images that costs up to a third of a step on a CPU (benchmarks/train_step.py).
"""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST_MMAP_THRESHOLD = 32 * 2**20
KEPT = 2**30


def keep_freed_memory() -> bool:
    """Let malloc reuse blocks of up to 32 MiB and keep up to 1 GiB for that; False where that is not glibc's malloc."""
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST_MMAP_THRESHOLD) and mallopt(M_TRIM_THRESHOLD, KEPT))
