"""The words free text may keep: those that this package itself says, and a list of words that name nobody.

A text of a provider or a server passes word by word only if its words are known (security facts 3.4): whoever is not
in the directory cannot be recognised, so an unknown word is taken for a name. The package's own sentences stay whole
because their words are read from its sources.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import re2

# Their texts hold people of examples, or speak of machines: nothing of theirs reaches findings or faces.
_NOT_OURS = frozenset(
    {"simulator", "incident.py", "init.py", "asking.py", "cli", "practice.py", "kernels", "vocabulary.py"}
)
_NEVER = frozenset({"ada", "acme", "grace", "jane", "lovelace"})  # who stands in examples of messages
_WORD = re2.compile(r"[A-Za-z][a-z]+|[A-Z]+")
# Known words that are names too: beside an unknown word they are taken for a part of it.
_ALSO = """
" will mark may rose grant bill art rich sue jack frank hope faith grace chase max pat page case young long white
black brown green king price cook major dean earl bishop carter mason hunter field hill lane wood stone march april
june august drew gene guy jay josh ken lee miles nick norm penny ray rob rusty sandy tab terry van victor violet
wade ward web west winter day ash bell bond booth cole cross de la von der den map note bob don jan
"""
ALSO_NAMES = frozenset(_ALSO.split())


@cache
def vocabulary() -> frozenset[str]:
    """Every word that may stay, in lower case."""
    words: set[str] = set()
    package = files("scimrunbook")
    for line in package.joinpath("evidence", "words.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            words.update(line.split())
    texts = [t for place in package.iterdir() if place.name not in _NOT_OURS for t in _texts(place)]
    words.update(_WORD.findall(" ".join({piece for text in texts for piece in text.split()})))
    return frozenset(w.lower() for w in words) - _NEVER


def known(word: str) -> bool:
    """Whether a word, or each part of a CamelCase one, may stay. Single letters may."""
    return _known(word) if len(word) < 80 else False


@cache
def _known(word: str) -> bool:
    words = vocabulary()
    if len(word) == 1 or word.lower() in words:
        return True
    parts = _parts(word)
    return len(parts) > 1 and all(p.lower() in words for p in parts)


def _parts(word: str) -> list[str]:
    """``SystemForCrossDomain`` and ``userName`` as their words; a single word as itself."""
    parts: list[str] = _WORD.findall(word)
    return parts if "".join(parts) == word else [word]


def _texts(place: Traversable) -> list[str]:
    """The texts of a module's constants (without its docstrings' addresses), of a package, or of a data file."""
    if place.is_dir():
        return [t for inner in place.iterdir() for t in _texts(inner)]
    if place.name.endswith(".toml"):
        return [_no_addresses(place.read_text("utf-8"))]
    if not place.name.endswith(".py"):
        return []
    return [_no_addresses(t) for t in _constants(ast.parse(place.read_text("utf-8")))]


def _constants(tree: ast.Module) -> Iterator[str]:
    """The string constants of a module but its docstrings, in one pass: every share waits for this."""
    left: list[ast.AST] = [tree]
    while left:
        node = left.pop()
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                yield node.value
            continue
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, False)
        for name in node._fields:
            inner = getattr(node, name, None)
            if isinstance(inner, list):
                rest = inner[1:] if documented and name == "body" else inner
                left += [one for one in rest if isinstance(one, ast.AST)]
            elif isinstance(inner, ast.AST) and name != "ctx":
                left.append(inner)


def _no_addresses(text: str) -> str:
    return " ".join(part for part in text.split() if "@" not in part)
