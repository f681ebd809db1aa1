"""The command `visualsnoop`: the group of all commands, and how errors are printed."""

from typing import Any

import click

from .. import VisualSnoopError, __version__
from .add import add
from .conformance import conformance
from .groups import CommandGroup
from .images import compare, delete, duplicates, list_images, not_duplicates, search
from .look import look
from .outcomes import INTERRUPTED
from .serve import serve
from .service import collections, db, info, keys
from .transfer import export_, import_


class _Commands(CommandGroup):
    """Prints what went wrong as one line, not as a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whoever reads the output has seen enough.
            raise
        except KeyboardInterrupt:
            click.echo("\nInterrupted", err=True)
            ctx.exit(INTERRUPTED)
        except (VisualSnoopError, OSError, ValueError) as error:
            raise click.ClickException(str(error)) from error
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f"this needs {error.name}: pip install 'visualsnoop[server]'"
            ) from error


@click.group(cls=_Commands)
@click.version_option(__version__, message="%(version)s")
def cli() -> None:
    """Private image search: find the duplicates and look-alikes of any picture.

    The commands for images use the collection whose keys are in the environment:
    VISUALSNOOP_PUBLIC_KEY and VISUALSNOOP_SECRET_KEY, with VISUALSNOOP_ENDPOINT
    (http://127.0.0.1:8000/api/v1 unless set).
    """


_IMAGES = (add, search, compare, duplicates, not_duplicates, list_images, delete)
_SERVICE = (serve, look, keys, collections, db, info, export_, import_, conformance)

for _command in (*_IMAGES, *_SERVICE):
    cli.add_command(_command)
