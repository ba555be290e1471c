"""``python -m spatialvision`` is the command ``spatialvision``."""

from spatialvision.cli import main

main()
