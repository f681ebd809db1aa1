"""The command `visualsnoop`: the group of all commands."""

import click

from .. import __version__
from .add import add
from .calibrate import calibrate
from .commands import AllCommands
from .completion import completion
from .conformance import conformance
from .duplicates import duplicates, not_duplicates
from .images import delete, get, list_images
from .info import info
from .login import login, logout
from .look import look
from .quickstart import quickstart
from .search import compare, search
from .serve import serve
from .service import collections, db, keys
from .transfer import export_, import_


@click.group(cls=AllCommands)
@click.version_option(__version__, message="%(version)s")
def cli() -> None:
    """Private image search: find the duplicates and look-alikes of any picture.

    The commands for images use the collection whose keys are in the environment:
    VISUALSNOOP_PUBLIC_KEY and VISUALSNOOP_SECRET_KEY, with VISUALSNOOP_ENDPOINT
    (http://127.0.0.1:8000/api/v1 unless set). Without them, that whose keys "login" has stored.
    """


_IMAGES = (add, search, compare, duplicates, not_duplicates, list_images, get, delete, info)
_SERVICE = (
    quickstart,
    serve,
    look,
    keys,
    collections,
    db,
    export_,
    import_,
    calibrate,
    conformance,
)
_SETTING_UP = (login, logout, completion)

for _command in (*_IMAGES, *_SERVICE, *_SETTING_UP):
    cli.add_command(_command)
