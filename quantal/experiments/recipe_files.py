"""Recipes on disk: TOML files that may extend one another, found by name or by path."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, ParameterError, require_choice, suggestion
from .class_recipe import ClassRecipe, class_recipe_from_dict
from .recall_recipe import RecallRecipe, recall_recipe_from_dict
from .recipe import Recipe, recipe_from_dict
from .retrieval_recipe import RetrievalRecipe, retrieval_recipe_from_dict

RECIPES_DIR = Path("benchmarks/recipes")
AnyRecipe = Recipe | RetrievalRecipe | RecallRecipe | ClassRecipe
KINDS: dict[str, Callable[[str, Mapping[str, Any]], AnyRecipe]] = {
    "clusters": recipe_from_dict,
    "codes": retrieval_recipe_from_dict,
    "recall": recall_recipe_from_dict,
    "classes": class_recipe_from_dict,
}


def load_recipe(path: str | Path) -> AnyRecipe:
    """Read one recipe, of the kind that its key ``kind`` names.

    Without that key one that holds ``n_bits`` is of hash codes and any other of clusters.

    ``extends = "other"`` takes every key of ``other.toml`` in the same folder first, and
    ``extends = ["data", "method"]`` those of several files, later ones on top. The tables
    params, data and baseline are merged key by key, departures add up, anything else is replaced.
    A file whose name starts with an underscore is a base for others and need not be complete.

    Args:
        path: the TOML file. Its folder and stem become the recipe's name.

    Raises:
        FileFormatError: if the file cannot be read as TOML.
        ParameterError: if a key is unknown or a value not allowed; the message names the recipe.
    """
    path = Path(path)
    table = _read(path, ())
    for holder in (table, table.get("data")):
        if isinstance(holder, dict) and "learned_by" in holder:
            holder["learned_from"] = _learned_from(str(holder["learned_by"]), path.parent.parent)
    kind = table.pop("kind", "codes" if "n_bits" in table else "clusters")
    require_choice("kind", kind, KINDS)
    return KINDS[kind](_name(path), table)


def list_recipes(folder: str | Path = RECIPES_DIR) -> list[AnyRecipe]:
    """Every recipe under ``folder``, sorted by `Recipe.order`, then by name.

    Args:
        folder: searched with all its sub-folders; files that start with an underscore are left
            out.
    """
    paths = [p for p in Path(folder).rglob("*.toml") if not p.name.startswith("_")]
    return sorted((load_recipe(p) for p in paths), key=lambda r: (r.order, r.name))


def find_recipe(name: str | Path, folder: str | Path = RECIPES_DIR) -> Path:
    """Resolve a path, "imsat/mnist-vat", or a unique "mnist-vat" to the recipe's file.

    Args:
        name: what the user typed.
        folder: where names are looked up.

    Raises:
        ParameterError: if there is no such recipe or several; the message says which there are.
    """
    folder, text = Path(folder), str(name).removesuffix(".toml")
    if Path(name).is_file():
        return Path(name)
    exact = folder / f"{text}.toml"
    if exact.is_file():
        return exact
    known = {_name(p): p for p in folder.rglob("*.toml") if not p.name.startswith("_")}
    matches = [n for n in sorted(known) if n.split("/")[-1] == text]
    if len(matches) == 1:
        return known[matches[0]]
    if matches:
        raise ParameterError(f"Recipe {text!r} is ambiguous: {', '.join(matches)}. Name one.")
    stems = [*known, *(n.split("/")[-1] for n in known)]
    listed = f"Known: {', '.join(sorted(known))}." if known else "There is none there."
    raise ParameterError(
        f"No recipe {text!r}: no such file, and not under {folder}.{suggestion(text, stems)} "
        f"{listed}"
    )


def _learned_from(name: str, folder: Path) -> str:
    """Fingerprint of the recipe whose network embeds the rows of another."""
    path = find_recipe(name, folder)
    table = _read(path, ())
    if "learned_by" in table or "learned_by" in table.get("data", {}):
        raise ParameterError(
            f"learned_by names {name}, whose own rows are embedded by a network; name a "
            "recipe that learns from the rows of its data set."
        )
    return load_recipe(path).fingerprint


def _name(path: Path) -> str:
    return f"{path.resolve().parent.name}/{path.stem}"


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    """Parsed keys of a file on top of those that it extends."""
    if path.resolve() in seen:
        chain = " -> ".join(p.stem for p in (*seen, path))
        raise FileFormatError(f"Recipes extend one another in a circle: {chain}.")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileFormatError(f"Cannot read the recipe {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(f"{path} is not valid TOML: {error}.") from None
    names = table.pop("extends", [])
    result: dict[str, Any] = {}
    for name in [names] if isinstance(names, str) else names:
        base = path.parent / f"{name}.toml"
        if not base.is_file():
            near = suggestion(name, [p.stem for p in path.parent.glob("*.toml")])
            raise FileFormatError(f"{path.name} extends {name!r}, but {base} is missing.{near}")
        result = _merged(result, _read(base, (*seen, path.resolve())))
    return _merged(result, table)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``over`` on top of ``base``; a bar or a published number stays one piece."""
    result = {**base, **over}
    for key in base.keys() & over.keys():
        if key in {"params", "data", "baseline"}:
            result[key] = {**base[key], **over[key]}
        elif key == "departures":
            result[key] = [*base[key], *over[key]]
    return result
