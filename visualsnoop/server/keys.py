"""Making collections and the key pairs that open them."""

import secrets
import string

import psycopg
from attrs import astuple, frozen

_SECRET_ALPHABET = string.ascii_letters + string.digits


@frozen
class NewKeys:
    """A key pair that was just made; its secret key is shown this once.

    Attributes:
        collection_id: The ID of the collection that it opens, 8 hexadecimal characters.
        public_key: 20 hexadecimal characters.
        secret_key: 40 letters and digits, about 238 random bits.
    """

    collection_id: str
    public_key: str
    secret_key: str


def create_keys(database: str, name: str, owner: str) -> NewKeys:
    """Make a key pair for the collection of this name and owner, and the collection if need be.

    Args:
        database: How to connect, as libpq takes it.
        name: The name of the collection.
        owner: The user who owns it.
    """
    with psycopg.connect(database) as connection:
        keys = NewKeys(
            collection_id=_collection(connection, name, owner),
            public_key=secrets.token_hex(10),
            secret_key="".join(secrets.choice(_SECRET_ALPHABET) for _ in range(40)),
        )
        connection.execute(
            "INSERT INTO keys (collection_id, public_key, secret_key) VALUES (%s, %s, %s)",
            astuple(keys),
        )
    return keys


def _collection(connection: psycopg.Connection, name: str, owner: str) -> str:
    """The ID of the collection, which is made if there is none."""
    while True:
        # An ID of 32 bits may be taken by another collection: then nothing is inserted or found.
        connection.execute(
            "INSERT INTO collections (collection_id, name, owner) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (secrets.token_hex(4), name, owner),
        )
        row = connection.execute(
            "SELECT collection_id FROM collections WHERE owner = %s AND name = %s", (owner, name)
        ).fetchone()
        if row is not None:
            return str(row[0])
