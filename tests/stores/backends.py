"""Backends for tests, and a clock that is set by hand."""


class Clock:
    def __init__(self, now=1000.0):
        self.now = now

    def __call__(self):
        return self.now


class PlainBackend:
    """The least a user has to write: no base class, no listing of keys."""

    def __init__(self, timer=None):
        self.timer = timer or Clock()
        self.entries = {}

    def get(self, key, default=None):
        return self.entries[key][0] if self.exists(key) else default

    def set(self, key, value, ttl=None):
        self.entries[key] = (value, None if ttl is None else self.timer() + ttl)

    def delete(self, key):
        return self.entries.pop(key, None) is not None

    def clear(self):
        self.entries.clear()

    def exists(self, key):
        if key not in self.entries:
            return False
        expires = self.entries[key][1]
        return expires is None or self.timer() < expires

    def stats(self):
        return {"size": len(self.entries)}
