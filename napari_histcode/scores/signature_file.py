"""Gene signatures in files: GMT, one line each, with name, source and genes between tabulators."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from napari_histcode.errors import SignatureError
from napari_histcode.files import replacing
from napari_histcode.resources.gene_sets import GeneSet
from napari_histcode.scores.gene_names import read_gene_names
from napari_histcode.scores.signature import signature_identifier
from napari_histcode.user_folder import user_folder

MOST_BYTES = 20_000_000
"""The largest collections of gene sets have a few megabytes."""

_ADVICE = "A line of a GMT file is a name, a source and the genes, with a tabulator between each two."


def own_signatures_file() -> Path:
    """Return the file of the user's own signatures, which need not exist."""
    return user_folder() / "signatures.gmt"


def make_signature(label: str, genes: Sequence[str], *, source: str = "") -> GeneSet:
    """Make a signature of the user's.

    Parameters
    ----------
    label : str
        Its name.
    genes : sequence of str
        Present symbols.
    source : str
        Who made it.

    Raises
    ------
    SignatureError
        If it has no name or no genes.
    """
    shown = " ".join(label.split())
    if not shown:
        raise SignatureError("A signature needs a name.", advice="Give it one.")
    if not genes:
        raise SignatureError(f"Signature {shown!r} has no genes.", advice="Paste their symbols.")
    return GeneSet(
        name=signature_identifier(shown),
        label=shown,
        genes=tuple(dict.fromkeys(genes)),
        source=" ".join(source.split()),
    )


def read_signatures(path: Path) -> tuple[GeneSet, ...]:
    """Read the signatures of a GMT file.

    Parameters
    ----------
    path : Path
        The file; empty lines and those that begin with # are passed over. Former names of genes become the
        present ones.

    Raises
    ------
    SignatureError
        If it cannot be read, is no GMT, has a name twice, or a word that is no gene's.
    """
    found: list[GeneSet] = []
    lines = _text(path).splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        label, *rest = line.split("\t")
        if len(rest) < 2:
            raise SignatureError(f"{path.name}, line {number}, is no signature.", advice=_ADVICE)
        source, *words = rest
        named = read_gene_names("\n".join(words))
        if named.unknown:
            raise SignatureError(
                f"{path.name}, line {number}: {named.unknown[0]!r} is no gene symbol.",
                advice="Write symbols such as CD3E; identifiers of Ensembl have to be translated first.",
            )
        found.append(make_signature(label, named.genes, source=source))
    names = [one.name for one in found]
    twice = next((one for one in found if names.count(one.name) > 1), None)
    if twice is not None:
        raise SignatureError(f"{path.name} has two signatures {twice.label!r}.", advice="Rename one of them.")
    if not found:
        raise SignatureError(f"{path.name} has no signature.", advice=_ADVICE)
    return tuple(found)


def write_signatures(path: Path, signatures: Iterable[GeneSet]) -> None:
    """Write signatures as GMT, whole or not at all; a file with none is one with a comment.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    lines = ["# name, source and genes, between tabulators"]
    lines += ["\t".join((one.label, one.source or "-", *one.genes)) for one in signatures]
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_own_signatures() -> tuple[GeneSet, ...]:
    """Read the user's own signatures; none if there is no file, or none in it.

    Raises
    ------
    SignatureError
        If the file is damaged.
    """
    path = own_signatures_file()
    if not path.exists() or all(not line or line.startswith("#") for line in _text(path).splitlines()):
        return ()
    return read_signatures(path)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SignatureError(
                f"{path.name} is larger than {MOST_BYTES // 1_000_000} MB.", advice="Keep the sets you need."
            )
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SignatureError(f"{path.name} cannot be read ({error}).", advice=_ADVICE) from error
