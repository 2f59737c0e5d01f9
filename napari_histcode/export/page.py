"""The frame of an HTML page: everything inside, nothing fetched, no scripts."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

from napari_histcode.export.notice import RESEARCH_USE

# a browser that obeys this loads nothing from anywhere, whatever a label may contain
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

_STYLE = """
:root { --ink: #1a1a1a; --soft: #5c5c5c; --rule: #dcdcdc; --paper: #fff; --tint: #f6f6f4; --bar: #35608d; }
* { box-sizing: border-box; }
html { background: var(--tint); }
body { margin: 0 auto; max-width: 74rem; padding: 2.5rem 3rem 2rem; background: var(--paper);
  color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem; padding-bottom: .3rem;
  border-bottom: 1px solid var(--rule); }
p { margin: .4rem 0; max-width: 46rem; }
.lead { color: var(--soft); }
.notice { font-weight: 600; }
.columns { display: flex; gap: 2.5rem; align-items: flex-start; flex-wrap: wrap; margin-top: 1.5rem; }
.columns > * { flex: 1 1 20rem; min-width: 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .35rem 1rem .35rem 0;
  border-bottom: 1px solid var(--rule); }
th { font-weight: 600; color: var(--soft); }
thead th { font-size: .85rem; }
td.number, th.number { text-align: right; white-space: nowrap; }
table.facts th { width: 12rem; font-weight: 400; }
table.audit { font-size: .82rem; }
table.audit th { font-weight: 400; width: 15rem; }
table.audit th, table.audit td { padding-top: .2rem; padding-bottom: .2rem; }
table.audit td { overflow-wrap: anywhere; font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.bar { display: block; width: 8rem; height: .6rem; margin-top: .45rem; background: var(--tint);
  border: 1px solid var(--rule); }
.bar > i { display: block; height: 100%; background: var(--bar); }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(25rem, 1fr)); gap: 1.5rem; }
figure { margin: 0; border: 1px solid var(--rule); break-inside: avoid; display: flex;
  flex-direction: column; }
figure img { display: block; width: 100%; height: auto; }
figure img.tall { width: auto; max-width: 100%; max-height: 44rem; margin: 0 auto; }
figcaption { padding: .6rem .9rem; border-top: 1px solid var(--rule); font-size: .88rem; color: var(--soft);
  margin-top: auto; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.2rem, 1fr)); gap: .6rem;
  margin: .3rem 0 1rem; }
.tiles figure { border: 0; }
.tiles figcaption { padding: .2rem 0; border: 0; font-size: .75rem; line-height: 1.35;
  font-variant-numeric: tabular-nums; }
.tiles .none { aspect-ratio: 1; display: flex; align-items: center; justify-content: center;
  background: var(--tint); color: var(--soft); font-size: .75rem; text-align: center; }
h3 { font-size: .95rem; margin: 1rem 0 .2rem; }
.card { color: inherit; text-decoration: none; border: 1px solid var(--rule); display: flex;
  flex-direction: column; break-inside: avoid; }
.card:hover { border-color: var(--bar); }
.card .window { height: 15rem; display: flex; align-items: center; justify-content: center;
  background: var(--tint); border-bottom: 1px solid var(--rule); overflow: hidden; }
.card img { max-width: 100%; max-height: 100%; }
.card .text { padding: .8rem 1rem; }
.card h2 { border: 0; margin: 0 0 .2rem; padding: 0; font-size: 1.05rem; }
footer { margin-top: 2.5rem; padding-top: .8rem; border-top: 1px solid var(--rule); display: flex; gap: 1rem;
  justify-content: space-between; flex-wrap: wrap; }
@media print {
  @page { margin: 14mm; }
  html { background: none; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  .grid { grid-template-columns: 1fr 1fr; }
  table.audit { font-size: 7.5pt; }
  h2 { break-after: avoid; }
  tr { break-inside: avoid; }
}
"""


def page(title: str, body: Iterable[str], *, foot: str = "") -> str:
    """Put parts of HTML into a whole page with the research-use line at its end.

    Parameters
    ----------
    title : str
        Title of the window, plain text.
    body : iterable of str
        Parts, already HTML.
    foot : str
        Plain text beside the research-use line.

    Returns
    -------
    str
        The page.
    """
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            *body,
            f'<footer><span class="notice">{escape(RESEARCH_USE)}</span>'
            f'<span class="lead">{escape(foot)}</span></footer>',
            "</body>",
            "</html>",
            "",
        ]
    )


def fact_table(facts: Sequence[tuple[str, str]], *, kind: str = "facts") -> str:
    """Set pairs of name and value, plain text, as a table."""
    rows = (f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in facts)
    return f'<table class="{kind}">{"".join(rows)}</table>'


def embedded(jpeg: bytes, description: str, *, kind: str = "") -> str:
    """Put a JPEG into the page itself."""
    data = base64.b64encode(jpeg).decode()
    attribute = f' class="{kind}"' if kind else ""
    return f'<img{attribute} alt="{escape(description)}" src="data:image/jpeg;base64,{data}">'
