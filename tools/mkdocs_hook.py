"""What MkDocs does not know of our pages: links that leave docs/, and the second word of a fence."""

import re
import posixpath

REPOSITORY = "https://github.com/pixhaul/pixhaul/blob/main/"
FENCE = re.compile(r"^( *```\w+) elsewhere$", re.MULTILINE)
OUTSIDE = re.compile(r"(\]\()((?:\.\./)+[^)#]+)(#[^)]*)?\)")


def on_page_markdown(markdown, page, **_):
    """Takes `elsewhere` off a fence (the test of the blocks reads it) and turns `../FILE` into the repository's address."""
    folder = posixpath.join("docs", posixpath.dirname(page.file.src_uri))

    def replace(match):
        path = posixpath.normpath(posixpath.join(folder, match.group(2)))
        if path.startswith("docs/"):
            return match.group(0)
        return f"{match.group(1)}{REPOSITORY}{path}{match.group(3) or ''})"

    return OUTSIDE.sub(replace, FENCE.sub(r"\1", markdown))
