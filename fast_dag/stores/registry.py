"""Cache backends by name."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.stores.base import CacheBackend, check_backend, is_backend

BUILT_IN = {
    "memory": ("fast_dag.stores.memory", "MemoryCache"),
    "disk": ("fast_dag.stores.sqlite", "DiskCache"),
}

# Re-entrant: a factory may ask for another backend.
_LOCK = threading.RLock()
_FACTORIES: dict[str, Callable[[], Any]] = {}
_MADE: dict[str, CacheBackend] = {}


def get_cache(name_or_backend: Any) -> CacheBackend:
    """The backend of that name, one for the whole process; a backend itself is given back.

    Raises:
        ValueError: no backend has this name, or the object is none.
    """
    if not isinstance(name_or_backend, str):
        return check_backend(name_or_backend)
    with _LOCK:
        if name_or_backend not in _MADE:
            made = _factory(name_or_backend)()
            _MADE[name_or_backend] = check_backend(made, f"cache {name_or_backend!r}")
        return _MADE[name_or_backend]


def register_cache(name: str, backend: Any) -> None:
    """Make *backend* available by *name*, in place of what had the name.

    Parameters:
        name: what nodes say as ``backend=``.
        backend: a backend, or a callable without arguments that makes one when it is first needed.

    Raises:
        ValueError: *name* is no text, or *backend* is neither.
    """
    if not isinstance(name, str) or not name:
        msg = f"a cache's name must be a non-empty string, got {name!r}"
        raise ValueError(msg)
    is_made = is_backend(backend)
    if not is_made and not callable(backend):
        check_backend(backend, f"cache {name!r}")
    with _LOCK:
        _MADE.pop(name, None)
        _FACTORIES[name] = (lambda: backend) if is_made else backend


def _factory(name: str) -> Callable[[], Any]:
    if name in _FACTORIES:
        return _FACTORIES[name]
    if name not in BUILT_IN:
        known = sorted({*BUILT_IN, *_FACTORIES})
        msg = f"no cache {name!r}: known are {', '.join(known)}{suggestion(name, known)}"
        raise ValueError(msg)
    module, attribute = BUILT_IN[name]
    made: Callable[[], Any] = getattr(importlib.import_module(module), attribute)
    return made
