"""A hook of the site: links to files beside the documentation, such as sources, become plain text.

A site holds the pages alone. In a checkout of the project these links lead to the files.
"""

from __future__ import annotations

import re
from typing import Any


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Keep the text of links that leave the documentation's folder."""
    return re.sub(r"\[([^\]]+)\]\((?:\.\./)[^)]+\)", r"\1", markdown)
