"""`Collection` and `AsyncCollection` behind one interface, for tests that hold for both."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Iterator
from types import TracebackType
from typing import Any, Self, cast

from visualsnoop import AsyncCollection, Collection

Connect = Callable[..., Collection]


class BlockingAsyncCollection:
    """An `AsyncCollection` that is used as a `Collection`: what it does is awaited at once."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self._is_in_use = False
        try:
            self._collection = AsyncCollection(*args, **options)
            self._runner.run(self._collection.__aenter__())
        except BaseException:
            self._runner.close()
            raise

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._collection, name)
        return self._awaiting(attribute) if inspect.ismethod(attribute) else attribute

    def __repr__(self) -> str:
        return repr(self._collection)

    def with_options(self, **options: Any) -> Self:
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other._collection = self._collection.with_options(**options)
        return other

    def _awaiting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            returned = method(*args, **kwargs)
            if inspect.isasyncgen(returned):
                return self._each(returned)
            return self._runner.run(returned)

        return call

    def _each(self, generator: AsyncGenerator[Any, Any]) -> Iterator[Any]:
        async def following() -> Any:
            return await anext(generator)

        try:
            while True:
                try:
                    yield self._runner.run(following())
                except StopAsyncIteration:
                    return
        finally:
            self._runner.run(generator.aclose())

    def close(self) -> None:
        self._runner.run(self._collection.aclose())
        if not self._is_in_use:
            self._runner.close()

    def __enter__(self) -> Self:
        self._is_in_use = True
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_in_use = False
        self.close()


COLLECTION_CLASSES = {"sync": Collection, "async": cast(Connect, BlockingAsyncCollection)}
