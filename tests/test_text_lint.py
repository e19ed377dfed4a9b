"""Text from outside is never markup: no plain string that is not a literal is handed to a widget.

A widget reads a `str` as markup, in which ``[@click=app.quit]`` is an action and ``[/x]`` a crash. What is handed to
one is therefore a literal, or a `Content` (or `Text`), and a notification says ``markup=False``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TUI = Path(__file__).parent.parent / "inspector" / "tui"
WIDGETS = {
    "Static",
    "Label",
    "Button",
    "Option",
    "Link",
    "Collapsible",
    "Checkbox",
    "RadioButton",
    "Digits",
    "Markdown",
}
SAFE = {"Content", "Text"}
TITLES = {"border_title", "border_subtitle", "tooltip"}
ATTRIBUTES = {*TITLES, "label", "placeholder"}
ESCAPING = {"visible", "visible_lines", "visible_bytes", "scrub"}


class Finder(ast.NodeVisitor):
    """Collects what may be markup, as (line, what)."""

    def __init__(self, makers: set[str]) -> None:
        """`makers`: names of functions that return a `Content`."""
        self.makers = makers
        self.found: list[tuple[int, str]] = []
        self._known: list[dict[str, list[ast.expr]]] = [{}]

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        known: dict[str, list[ast.expr]] = {}
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            if argument.annotation is not None and ast.unparse(argument.annotation) in SAFE:
                known[argument.arg] = []
        for inner in ast.walk(node):
            if isinstance(inner, ast.Assign | ast.AnnAssign) and inner.value is not None:
                for target in inner.targets if isinstance(inner, ast.Assign) else [inner.target]:
                    if isinstance(target, ast.Name):
                        known.setdefault(target.id, []).append(inner.value)
        self._known.append(known)
        self.generic_visit(node)
        self._known.pop()

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Call(self, node: ast.Call) -> None:
        name = _last(node.func)
        first = node.args[0] if node.args else None
        if name in WIDGETS and first is not None and not self._is_safe(first):
            self._add(node, f"{name}({ast.unparse(first)})")
        is_update = name == "update" and isinstance(node.func, ast.Attribute)
        if is_update and first is not None and not _is_container(first) and not self._is_safe(first):
            self._add(node, f"update({ast.unparse(first)})")
        if name == "notify" and not _is_off(node, "markup"):
            self._add(node, "notify() without markup=False")
        for keyword in node.keywords:
            if keyword.arg in ATTRIBUTES and not self._is_safe(keyword.value, escaped=True):
                self._add(node, f"{keyword.arg}={ast.unparse(keyword.value)}")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            is_title = isinstance(target, ast.Attribute) and target.attr in TITLES
            if is_title and not self._is_safe(node.value):
                self._add(node, f"{ast.unparse(target)} = {ast.unparse(node.value)}")
        self.generic_visit(node)

    def _is_safe(self, value: ast.expr, escaped: bool = False) -> bool:
        """A literal without markup, a `Content`; with `escaped` also what went through an escaping function."""
        match value:
            case ast.Constant(value=str() as text):
                return "[" not in text
            case ast.Constant():
                return True
            case ast.IfExp(body=body, orelse=orelse):
                return self._is_safe(body, escaped) and self._is_safe(orelse, escaped)
            case ast.BoolOp(values=values):
                return all(self._is_safe(one, escaped) for one in values)
            case ast.Name(id=name):
                return any(
                    name in known and all(self._is_safe(one) for one in known[name]) for known in self._known
                )
            case ast.Call(func=func):
                name = _last(func)
                root = func.value if isinstance(func, ast.Attribute) else func
                if _last(root) in SAFE or name in self.makers or (escaped and name in ESCAPING):
                    return True
                # A method of a Content is a Content again.
                return isinstance(func, ast.Attribute) and isinstance(root, ast.Call) and self._is_safe(root)
        return False

    def _add(self, node: ast.stmt | ast.expr, what: str) -> None:
        self.found.append((node.lineno, what))


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_off(node: ast.Call, name: str) -> bool:
    return any(
        keyword.arg == name and isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        for keyword in node.keywords
    )


def _is_container(node: ast.expr) -> bool:
    """Whether a dict or a set is updated with this, which a widget never is."""
    if isinstance(node, ast.Dict | ast.Set | ast.DictComp | ast.SetComp | ast.ListComp | ast.GeneratorExp):
        return True
    return isinstance(node, ast.Call) and ast.unparse(node.func).partition(".")[0] in ("dict", "set")


def makers_in(trees: list[ast.Module]) -> set[str]:
    """Names of the functions of the screen that say they return a `Content` or a `Text`."""
    return {
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and node.returns is not None
        and ast.unparse(node.returns) in SAFE
    }


def findings(source: str, makers: set[str] | None = None) -> list[tuple[int, str]]:
    """What in a source may hand markup to a widget."""
    tree = ast.parse(source)
    finder = Finder(makers_in([tree]) | (makers or set()))
    finder.visit(tree)
    return finder.found


def sources() -> Iterator[Path]:
    yield from sorted(TUI.rglob("*.py"))


def test_no_plain_string_is_handed_to_a_widget() -> None:
    makers = makers_in([ast.parse(path.read_text()) for path in sources()])
    found = [
        f"{path.relative_to(TUI)}:{line}: {what}"
        for path in sources()
        for line, what in findings(path.read_text(), makers)
    ]
    assert found == []


@pytest.mark.parametrize(
    "bad",
    [
        "Static(name)",
        "Static(f'{name} arrived')",
        "widget.update(event.type)",
        "widget.update('a ' + name)",
        "Button(words, id='x')",
        "Label('[bold]x[/]')",
        "self.notify(text)",
        "self.notify(visible(text), markup=True)",
        "box.border_title = self.heading",
        "box.border_title = visible(self.heading)",
        "Input(placeholder=value)",
        "Option(words, id=result)",
    ],
)
def test_the_lint_finds(bad: str) -> None:
    assert findings(bad)


@pytest.mark.parametrize(
    "good",
    [
        "Static('Its log is empty.')",
        "Static(Content(name))",
        "Static(Content.assemble((name, '$muted'), text).truncate(9))",
        "notes.update(Content('\\n').join(lines))",
        "known.update({name: 1})",
        "self.notify(visible(text), markup=False)",
        "box.border_title = Content(visible(self.heading))",
        "Input(placeholder=visible(value))",
        "def words() -> Content: ...\nStatic(words())",
        "def show(text: Content) -> None:\n    Static(text)",
        "def show(name: str) -> None:\n    text = Content(name)\n    Static(text)",
    ],
)
def test_the_lint_leaves(good: str) -> None:
    assert findings(good) == []
