"""Finds, in the text of an app's route modules, the function that answers a request: FastAPI, Flask or Django. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_VERBS = {"get", "post", "put", "patch", "delete"}
_OPENING = ("{", "<")  # of what varies in an address: {item_id} in FastAPI, <item_id> in Flask, <str:item_id> in Django

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Route(NamedTuple):
    """A function with its decorators, and the name of the module that it stands in."""

    module: str
    function: str
    code: str


class _Found(NamedTuple):
    route: Route
    address: str


def find(modules: Mapping[str, str], method: str, path: str) -> Route | None:
    """Who answers this, in modules given as text by name; where several could, the one that names most of the path.

    None: nobody. Raises SyntaxError for a module that is not Python.
    """
    asked = _parts(path.partition("?")[0])
    found = [one for name, text in modules.items() for one in _routes(name, text, method) if _fits(one.address, asked)]
    return max(found, key=lambda one: _named(one.address)).route if found else None


def _routes(module: str, text: str, method: str) -> Iterator[_Found]:
    """Every function that takes this method, with each of its addresses."""
    tree = ast.parse(text)
    functions = {node.name: node for node in tree.body if isinstance(node, _Function)}
    before, constants = _prefix(tree), _constants(tree)
    for node in functions.values():
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and _takes(decorator, method):
                yield from (_Found(_route(module, node, text), before + one) for one in _address(decorator, constants))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_path(node)):
        names = [node.id for node in ast.walk(call.args[1]) if isinstance(node, ast.Name)]
        for name in names:
            if name in functions:
                yield from (
                    _Found(_route(module, functions[name], text), address) for address in _address(call, constants)
                )


def _prefix(tree: ast.Module) -> str:
    """What stands before every address of a module's router: APIRouter(prefix=...), Blueprint(..., url_prefix=...)."""
    routers = [node.value for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)]
    given = [one.value for call in routers for one in call.keywords if one.arg in {"prefix", "url_prefix"}]
    return "".join(str(one.value) for one in given if isinstance(one, ast.Constant))


def _takes(decorator: ast.Call, method: str) -> bool:
    """Whether it is router.get(...) or the like, of this method, or names no method."""
    name = decorator.func.attr if isinstance(decorator.func, ast.Attribute) else ""
    return name == method.lower() or (bool(name) and name not in _VERBS)


def _is_path(call: ast.Call) -> bool:
    """Whether it is Django's path(address, view)."""
    return isinstance(call.func, ast.Name) and call.func.id == "path" and len(call.args) > 1


def _constants(tree: ast.Module) -> Mapping[str, ast.expr]:
    """What a module calls by a name: an address may be told by one."""
    given = [node for node in tree.body if isinstance(node, ast.Assign)]
    return {name.id: node.value for node in given for name in node.targets if isinstance(name, ast.Name)}


def _address(call: ast.Call, constants: Mapping[str, ast.expr]) -> Iterator[str]:
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Name):
        first = constants.get(first.id)
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        yield first.value


def _route(module: str, node: _Function, text: str) -> Route:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return Route(module, node.name, "\n".join(text.splitlines()[first - 1 : node.end_lineno]))


def _parts(path: str) -> list[str]:
    return path.strip("/").split("/")


def _fits(address: str, asked: list[str]) -> bool:
    parts = _parts(address)
    return len(parts) == len(asked) and all(
        one.startswith(_OPENING) or one == other for one, other in zip(parts, asked, strict=True)
    )


def _named(address: str) -> int:
    """How many parts of an address are fixed."""
    return sum(not part.startswith(_OPENING) for part in _parts(address))
