"""A service in memory, for the tests of programs that use VisualSnoop.

    from visualsnoop.testing import MemoryService, picture

    service = MemoryService()
    with service.collection() as collection:
        collection.add_image(picture("beach"), "beach")
        print(collection.search_images(picture("beach")).results[0].id)

It answers as the contract says, but for similarity: equal files have the score 1, others 0, unless
`MemoryService.set_score` says otherwise. It needs no database, no network and no time.
"""

from ._pictures import picture
from ._service import KeyPair, MemoryService

__all__ = ["KeyPair", "MemoryService", "picture"]
