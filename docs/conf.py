"""How Sphinx makes the site out of these pages: ``make docs``."""

import sys
from pathlib import Path

from spatialvision import __version__

# For listing.py and outside.py, which stand beside this file.
sys.path.insert(0, str(Path(__file__).parent))

project = "spatialvision"
version = release = __version__
language = "en_GB"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "listing", "outside"]

# Headings can be linked to, as in imagenet.md#prepare.
myst_heading_anchors = 3
highlight_language = "text"

# Docstrings write code in one pair of backticks or in two.
default_role = "literal"
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
napoleon_google_docstring, napoleon_numpy_docstring = True, False
napoleon_use_ivar = True
napoleon_use_rtype = False
python_use_unqualified_type_names = True
maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = project
html_show_copyright = False
html_copy_source = False
html_show_sphinx = False
