"""The gate report as one HTML page that needs no network and no script: a pure function of the record.

What the page looks like and the words on it are in ``exitgate.reporting.definition``; what is here counts, groups and makes safe.
"""

from exitgate.reporting.html.page import HTML_FILE, render_html, write_html

__all__ = ["HTML_FILE", "render_html", "write_html"]
