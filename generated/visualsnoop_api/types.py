"""What the functions and models of this package share."""

import datetime
import sys
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    NoReturn,
    Self,
    TypeVar,
    cast,
    get_type_hints,
)


class Unset:
    """The type of `UNSET`: an optional value that is not there, unlike null."""

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Unset = Unset()


@dataclass(slots=True)
class File:
    """A binary body.

    Attributes:
        payload: The bytes, whole or as a stream: an open binary file, a generator or, for the
            asyncio functions, an asynchronous generator.
    """

    payload: bytes | Iterable[bytes] | AsyncIterable[bytes]


T = TypeVar("T")


@dataclass(slots=True)
class Response(Generic[T]):
    """The answer to a request.

    Attributes:
        status_code: The HTTP status.
        content: The body as it came.
        headers: The headers, whose names ignore case.
        parsed: The body as its model; None where the status is not in the API description.
    """

    status_code: int
    content: bytes
    headers: Mapping[str, str]
    parsed: T | None


class FrozenDict(dict[str, Any]):
    """A JSON object as a dictionary that cannot be changed, as nothing in it can.

    The base class of models. `to_dict()` gives a copy that can be changed. As other dictionaries
    it has no hash.
    """

    __slots__ = ()

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The frozen dictionary of a JSON object."""
        return cls({name: frozen(value) for name, value in src_dict.items()})

    def to_dict(self) -> dict[str, Any]:
        """A copy that can be changed, of dictionaries and lists only."""
        return {name: _unfrozen(value) for name, value in self.items()}

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_dict, (self.to_dict(),)

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be changed: to_dict() gives a copy that can")

    # To type checkers they are those of dictionaries.
    if not TYPE_CHECKING:
        __setitem__ = __delitem__ = __ior__ = _refuse
        clear = pop = popitem = setdefault = update = _refuse


class FrozenList(list[T]):
    """A list that cannot be changed, as nothing in it can; `list(...)` gives a copy that can."""

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenList, ([*self],)

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("a list of a result cannot be changed: list(...) gives a copy that can")

    if not TYPE_CHECKING:
        __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
        append = clear = extend = insert = pop = remove = reverse = sort = _refuse


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """The head of the HTTP response that a model has come in."""

    status_code: int
    """The HTTP status."""

    headers: Mapping[str, str]
    """The headers, whose names ignore case."""

    @property
    def request_id(self) -> str | None:
        """The ID under which the service has logged the request, or None."""
        return self.headers.get("x-request-id")


class Model(FrozenDict):
    """A JSON object with attributes, which are Python values, and its entries, which are JSON."""

    __slots__ = ("_response",)

    @property
    def response(self) -> ResponseHead | None:
        """The head of the response that this is the body of.

        None where it came otherwise: as a part of another body, out of a dictionary or a pickle.
        """
        return getattr(self, "_response", None)

    def take_response(self, status_code: int, headers: Mapping[str, str]) -> None:
        """Keep the head of the response that this is the body of."""
        object.__setattr__(self, "_response", ResponseHead(status_code, headers))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """The schema for Pydantic: a field of this type takes the model, or its JSON object."""
        from attrs import NOTHING, fields
        from pydantic_core import core_schema

        package = sys.modules[cls.__module__.rpartition(".")[0]]
        types = get_type_hints(
            cls, localns={name: getattr(package, name) for name in package.__all__}
        )
        entries = {
            field.name: core_schema.typed_dict_field(
                handler.generate_schema(types[field.name]), required=field.default is NOTHING
            )
            for field in fields(cast(Any, cls))
        }
        return core_schema.no_info_wrap_validator_function(
            lambda value, _: cls._validated(value),
            # What JSON Schema is told.
            core_schema.typed_dict_schema(entries, extra_behavior="allow"),
            ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",
            serialization=core_schema.plain_serializer_function_ser_schema(cls.to_dict),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        """The JSON Schema for Pydantic."""
        referred = handler(schema)
        description = (cls.__doc__ or "").partition("\n\n")[0]
        handler.resolve_ref_schema(referred).update(title=cls.__name__, description=description)
        return referred

    @classmethod
    def _validated(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            raise ValueError(f"it is of type {type(value).__name__}, and no {cls.__name__}")
        try:
            return cls.from_dict(value)
        except KeyError as error:
            raise ValueError(f"{error.args[0]} is missing") from error
        except TypeError as error:
            raise ValueError(str(error)) from error

    def _take_over(self, src_dict: Mapping[str, Any]) -> Self:
        """Take over the JSON object from which the attributes were read, unknown fields included.

        What is missing there is no entry, and None as an attribute.

        Raises:
            TypeError: If a list or an object is not of its type.
        """
        for name in self.keys() - src_dict.keys():
            dict.__delitem__(self, name)
        for name, value in src_dict.items():
            own = self.get(name, UNSET)
            if own != value:
                if own is not UNSET and isinstance(own, list) != isinstance(value, list):
                    raise TypeError(f"{name} is of type {type(value).__name__}")
                dict.__setitem__(self, name, frozen(value))
        return self


def of_type(*kinds: Any) -> Callable[[Any, Any, Any], None]:
    """A validator that takes values of some types only.

    Args:
        kinds: Types, and lists of the types of items. True and False are no numbers.
    """
    plain = frozenset(kind for kind in kinds if not isinstance(kind, list))

    def check(instance: Any, attribute: Any, value: Any) -> None:
        # Most values are no instances of subclasses, which is seen at once.
        if type(value) not in plain and not _is_of_type(value, kinds):
            raise TypeError(f"{attribute.name} is of type {type(value).__name__}")

    return check


def _is_of_type(value: Any, kinds: Iterable[Any]) -> bool:
    for kind in kinds:
        if isinstance(kind, list):
            if isinstance(value, list) and all(_is_of_type(item, kind) for item in value):
                return True
        elif isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return True
    return False


def timestamp(text: str) -> datetime.datetime:
    """The time that a string names by ISO 8601.

    Raises:
        ValueError, TypeError: If it names none, or is no string.
    """
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        # It knows more of the forms, and takes long to import.
        from dateutil.parser import isoparse

        return isoparse(text.strip())


def frozen(value: Any) -> Any:
    """A JSON value that cannot be changed: the same one, or a copy."""
    if isinstance(value, (FrozenDict, FrozenList)):
        return value
    if isinstance(value, Mapping):
        return FrozenDict.from_dict(value)
    return FrozenList(map(frozen, value)) if isinstance(value, list) else value


def _unfrozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unfrozen(item) for name, item in value.items()}
    return [_unfrozen(item) for item in value] if isinstance(value, list) else value


__all__ = [
    "UNSET",
    "File",
    "FrozenDict",
    "FrozenList",
    "Model",
    "Response",
    "ResponseHead",
    "Unset",
    "frozen",
    "of_type",
    "timestamp",
]
