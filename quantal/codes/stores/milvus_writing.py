"""Writing codes to a collection of Milvus."""

from __future__ import annotations

import secrets
from typing import Any

from ...errors import ParameterError, require_extra
from ..description import Description
from .address import Address
from .capability import StorePlan
from .description import StoreDescription, is_description
from .milvus_server import Place, connect, place_of, require_binary_lite, talking
from .source import CodeBatch, CodeSource

MAX_ID_BYTES = 65_535


def write_milvus(address: Address, plan: StorePlan, source: CodeSource) -> None:
    """Write codes to a collection.

    On a server they go to a collection of another name, which is renamed when it is complete; the
    collection that it replaces is dropped after that.
    Milvus Lite cannot rename: there a collection that holds less than its description says is
    refused when it is opened.
    """
    place = place_of(address)
    _require_able(address, place, plan, source)
    milvus = require_extra("pymilvus", "milvus")
    require_binary_lite(place)
    described = StoreDescription(
        "milvus", plan.kind, plan.options, source.description, source.longest_id()
    )
    client = connect(milvus, place, address)
    is_there = _require_replaceable(client, place, address)
    mark = secrets.token_hex(6)
    partial = place.collection if place.is_lite else f"{place.collection}_partial_{mark}"
    with talking(address):
        if place.is_lite and is_there:
            client.drop_collection(place.collection)
        try:
            _fill(milvus, client, partial, described, source)
            if not place.is_lite:
                _swap(client, partial, place.collection, f"{place.collection}_old_{mark}", is_there)
        except BaseException:
            client.drop_collection(partial)
            raise


def _swap(client: Any, partial: str, name: str, retired: str, is_there: bool) -> None:
    """Give a complete collection its name; what had it is dropped last, or gets it back."""
    if not is_there:
        client.rename_collection(partial, name)
        return
    client.rename_collection(name, retired)
    try:
        client.rename_collection(partial, name)
    except BaseException:
        client.rename_collection(retired, name)
        raise
    client.drop_collection(retired)


def _require_able(address: Address, place: Place, plan: StorePlan, source: CodeSource) -> None:
    if place.is_lite and plan.kind != "bin_flat":
        raise ParameterError(
            f"Milvus Lite, which {address} is a file of, has only the kind 'bin_flat' for packed "
            f"codes, not {plan.kind!r}. Leave kind out, or give the address of a server."
        )
    longest = source.longest_id(lambda name: len(name.encode()))
    if longest > MAX_ID_BYTES:
        raise ParameterError(
            f"Milvus stores ids of up to {MAX_ID_BYTES:,} bytes; one has {longest:,}. Name the "
            "rows by shorter ids."
        )


def _require_replaceable(client: Any, place: Place, address: Address) -> bool:
    """Return whether the collection exists; refuse one that quantal did not write."""
    with talking(address):
        if not client.has_collection(place.collection):
            return False
        text = str(client.describe_collection(place.collection)["description"])
    if not is_description(text):
        raise ParameterError(
            f"{address} is a collection that quantal did not write. Choose another name, or drop "
            "it."
        )
    return True


def _fill(
    milvus: Any, client: Any, collection: str, described: StoreDescription, source: CodeSource
) -> None:
    schema = milvus.MilvusClient.create_schema(
        auto_id=False,
        enable_dynamic_field=False,
        description=" ".join(described.to_json().decode().split()),
    )
    schema.add_field("row", milvus.DataType.INT64, is_primary=True)
    _add_id(milvus, schema, described.codes, source)
    schema.add_field("code", milvus.DataType.BINARY_VECTOR, dim=8 * described.codes.n_bytes)
    index = client.prepare_index_params()
    lists = {"nlist": described.options["n_lists"]} if described.kind == "bin_ivf_flat" else {}
    index.add_index(
        field_name="code", index_type=described.kind.upper(), metric_type="HAMMING", params=lists
    )
    client.create_collection(
        collection, schema=schema, index_params=index, consistency_level="Strong"
    )
    for batch in source.read():
        client.insert(collection, _entities(batch))
    client.flush(collection)


def _add_id(milvus: Any, schema: Any, codes: Description, source: CodeSource) -> None:
    if codes.ids == "int64":
        schema.add_field("id", milvus.DataType.INT64)
    elif codes.ids == "string":
        longest = source.longest_id(lambda name: len(name.encode()))
        schema.add_field("id", milvus.DataType.VARCHAR, max_length=max(1, longest))


def _entities(batch: CodeBatch) -> list[dict[str, Any]]:
    codes = [code.tobytes() for code in batch.packed]
    rows = batch.rows.tolist()
    if batch.ids is None:
        return [{"row": row, "code": code} for row, code in zip(rows, codes, strict=True)]
    names = [name if isinstance(name, str) else int(name) for name in batch.ids]
    return [
        {"row": row, "id": name, "code": code}
        for row, name, code in zip(rows, names, codes, strict=True)
    ]
