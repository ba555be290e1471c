"""Amounts as people read them."""

UNITS = ("bytes", "kB", "MB", "GB", "TB")


def size_text(size: float) -> str:
    """Bytes in decimal units with three figures, as disks and downloads are sold: ``138 GB``, ``6.74 GB``."""
    power = 0
    while power < len(UNITS) - 1 and size >= 999.5:
        size, power = size / 1000, power + 1
    figures = 0 if power == 0 or size >= 99.95 else 1 if size >= 9.995 else 2
    return f"{size:.{figures}f} {UNITS[power]}"


def images_text(count: float) -> str:
    """A number of images: ``1,281,167 images``."""
    return f"{count:,.0f} images"


def time_text(seconds: float) -> str:
    """Seconds as ``4:27`` or ``1:04:27``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
