"""What one reader may allocate follows the limits of the machine, the container and the process."""

from __future__ import annotations

from pathlib import Path

import pytest

from quantal.data import memory_ceiling as ceiling
from quantal.errors import DataError

GIB = 1 << 30


@pytest.fixture
def machine(monkeypatch):
    """Set the machine's memory and what a container allows; forget what was found before."""

    def make(physical, container=None):
        pages = {"SC_PHYS_PAGES": physical // 4096, "SC_PAGE_SIZE": 4096}
        monkeypatch.setattr("os.sysconf", pages.__getitem__)
        read = Path.read_text

        def read_text(path, *args, **kwargs):
            if not str(path).startswith("/sys/fs/cgroup"):
                return read(path, *args, **kwargs)
            if container is None or path.name != "memory.max":
                raise FileNotFoundError
            return container

        monkeypatch.setattr(Path, "read_text", read_text)
        monkeypatch.setattr(ceiling, "_left_in_address_space", lambda: 1 << 62)
        ceiling._machine_memory.cache_clear()

    yield make
    ceiling._machine_memory.cache_clear()


@pytest.mark.parametrize(
    ("container", "expected"),
    [(None, 8 * GIB), ("max\n", 8 * GIB), (f"{5 * GIB}\n", 4 * GIB), (f"{99 * GIB}", 8 * GIB)],
)
def test_the_least_of_machine_and_container_counts(machine, container, expected):
    machine(10 * GIB, container)
    assert ceiling.memory_ceiling() == expected


def test_what_is_too_much_is_said_in_numbers_that_can_be_read(machine):
    machine(10 * GIB)
    ceiling.require_memory(8 * GIB, "rows.csv")
    with pytest.raises(DataError, match=r"rows\.csv needs 9\.0 GiB, more than the 8\.0 GiB that"):
        ceiling.require_memory(9 * GIB, "rows.csv")
    machine(GIB // 100)
    with pytest.raises(DataError, match=r"needs 0\.00977 GiB, more than the 0\.008 GiB"):
        ceiling.require_memory(GIB / 102.4, "rows.csv")
