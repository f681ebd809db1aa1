"""The memory for the bodies of requests, shared fairly between key pairs."""

from collections import Counter

_SHARE = 0.75


class UploadQuota:
    """What the bodies of requests may hold in a process: memory, and places for so many bodies.

    A key pair gets at most three quarters of what the others leave, so that there is always
    something left for the next one (A. Choudhury and E. Hahne, "Dynamic queue length thresholds for
    shared-memory packet switches", 1998). Its only body may have all that is left.

    Args:
        memory: How many bytes there are.
        places: How many bodies there may be.
    """

    def __init__(self, memory: int, places: int) -> None:
        self._memory = memory
        self._places = places
        self._sizes: Counter[str] = Counter()
        self._bodies: Counter[str] = Counter()

    def begin(self, public_key: str) -> bool:
        """Take a place for a body of a key pair; False if it gets none."""
        if not self._may_have(self._bodies, self._places, public_key, 1):
            return False
        self._bodies[public_key] += 1
        return True

    def take(self, public_key: str, size: int) -> bool:
        """Take so many bytes more for a body that has begun; False if the key pair gets none."""
        if not self._may_have(self._sizes, self._memory, public_key, size):
            return False
        self._sizes[public_key] += size
        return True

    def end(self, public_key: str, size: int) -> None:
        """Give back the place of a body, and so many bytes."""
        self._bodies[public_key] -= 1
        self._sizes[public_key] -= size
        if not self._bodies[public_key]:
            del self._bodies[public_key], self._sizes[public_key]

    def _may_have(self, held: Counter[str], total: int, public_key: str, more: int) -> bool:
        own = held[public_key] + more
        left_by_others = total - held.total() + held[public_key]
        is_only = self._bodies[public_key] <= 1
        return own <= left_by_others * (1 if is_only else _SHARE)
