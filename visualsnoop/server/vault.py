"""Keeping secret keys: encrypted, under a master key that the database never sees."""

import secrets

from attrs import field, frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MASTER_KEY_SIZE = 32
_NONCE_SIZE = 12
_DECOY = "decoy"


class CannotOpen(ValueError):
    """What was sealed is damaged, or belongs to another public key or under another master key."""


@frozen
class Vault:
    """Encrypts secret keys by AES-256-GCM (NIST SP 800-38D), each bound to its public key.

    Attributes:
        master_key: 32 random bytes.
        origin: Where the master key is from, for people.
    """

    master_key: bytes = field(repr=False)
    origin: str
    _cipher: AESGCM = field(init=False, repr=False, eq=False)
    _decoy: bytes = field(init=False, repr=False, eq=False)

    @_cipher.default
    def _make_cipher(self) -> AESGCM:
        return AESGCM(self.master_key)

    @_decoy.default
    def _make_decoy(self) -> bytes:
        return self.seal(_DECOY, secrets.token_hex(20))

    def __reduce__(self) -> tuple[type["Vault"], tuple[bytes, str]]:
        # The processes of a service get it from the one that starts them, by a pipe.
        return Vault, (self.master_key, self.origin)

    def seal(self, public_key: str, secret_key: str) -> bytes:
        """A secret key, encrypted so that it can be stored with its public key."""
        return self.encrypt(secret_key.encode(), public_key.encode())

    def open(self, public_key: str, sealed: bytes) -> str:
        """The secret key that `seal` has encrypted.

        Raises:
            CannotOpen: If it was not sealed under this master key for this public key.
        """
        try:
            return self.decrypt(sealed, public_key.encode()).decode()
        except ValueError:
            raise CannotOpen(
                f"What is stored for {public_key!r} is damaged, or was encrypted under another "
                f"master key than that of {self.origin}"
            ) from None

    def encrypt(self, data: bytes, context: bytes) -> bytes:
        """Data, encrypted for a context, without which they cannot be decrypted."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return nonce + self._cipher.encrypt(nonce, data, context)

    def decrypt(self, sealed: bytes, context: bytes) -> bytes:
        """The data that `encrypt` has encrypted for this context.

        Raises:
            CannotOpen: If it was not encrypted under this master key for this context.
        """
        nonce, encrypted = sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:]
        try:
            return self._cipher.decrypt(nonce, encrypted, context)
        except (InvalidTag, ValueError):
            raise CannotOpen("This was not encrypted here, or is damaged") from None

    def open_decoy(self) -> str:
        """A secret key that nobody knows, after the same work as for one that is stored."""
        return self.open(_DECOY, self._decoy)
