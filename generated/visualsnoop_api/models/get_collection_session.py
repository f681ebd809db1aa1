from typing import Literal

GetCollectionSession = Literal["init"]

GET_COLLECTION_SESSION_VALUES: set[GetCollectionSession] = {
    "init",
}


def check_get_collection_session(value: str) -> GetCollectionSession:
    if value in GET_COLLECTION_SESSION_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {GET_COLLECTION_SESSION_VALUES!r}"
    )
