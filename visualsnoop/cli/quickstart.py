"""The command that leads from a folder of pictures to the page in one step."""

import getpass
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from attrs import evolve

from .. import Collection, VisualSnoopError
from ..exceptions import ConnectError
from .background_service import WITHOUT_PROXY, background_service, ending_in_order
from .files import Files, file_name
from .look import open_page
from .options import DEFAULT_PROFILE, browser_option, concurrency_option, data_option
from .outcomes import Run, print_outcomes
from .output import counted
from .profiles import Profile, find_profile, store_profile

_DEFAULT_NAME = "pictures"


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    help="Where the service listens; another one if that is taken.",
)
@browser_option
@data_option
@concurrency_option
def quickstart(
    folder: Path | None, port: int, browser: bool, data: Path | None, concurrency: int
) -> None:
    """Run a service, add the pictures of FOLDER, and open the page.

    The data are those of "visualsnoop serve", which is used if it runs already. FOLDER gets a
    collection with thumbnails, named by its path; without one, the usual collection is opened. Run
    again, it adds what is new or has changed. Its keys are stored as those of a profile of that
    name, and as the usual ones if there are none: "visualsnoop search" just works.

    The service ends with the command, by Ctrl-C.
    """
    if folder is not None and not folder.is_dir():
        raise click.UsageError(f"{file_name(folder)} is no folder")
    # The embedded database is what this is about.
    os.environ.pop("VISUALSNOOP_DATABASE", None)
    from ..server.storage.opening import data_folder, opened_database

    with ending_in_order(), opened_database(data, None) as url:
        profile = _profile(url, data, folder)
        with _service(data_folder(data), port, profile) as (endpoint, is_own):
            _remember(profile, endpoint, _usable_keys(url))
            if folder is not None:
                with _opened(profile, endpoint) as collection:
                    _add(collection, folder, concurrency)
            _open_page(url, profile, endpoint, browser)
            if is_own:
                _wait()


def _profile(url: str, data: Path | None, folder: Path | None) -> Profile:
    """The keys of a collection for a folder, or of the usual one; both are created if need be."""
    from ..server.storage.collections import keep_with_images, list_collections
    from ..server.storage.keys import create_keys
    from ..server.storage.master_key import opened_vault

    name = _DEFAULT_NAME if folder is None else file_name(folder.resolve())
    usable = _usable_keys(url)
    for stored in map(find_profile, [DEFAULT_PROFILE, name] if folder is None else [name]):
        if stored is not None and stored.public_key in usable:
            return stored
    user = getpass.getuser()
    is_new = (user, name) not in {(one.user, one.name) for one in list_collections(url)}
    keys = create_keys(url, name, user, opened_vault(url, data))
    if is_new:
        keep_with_images(url, keys.collection_id, "thumbnails", True)
    return Profile(name, "", keys.public_key, keys.secret_key)


def _usable_keys(url: str) -> set[str]:
    """The public keys of all pairs that may change their collections."""
    from ..server.storage.keys import list_keys

    now = datetime.now(UTC)
    return {
        pair.public_key
        for pair in list_keys(url)
        if not pair.is_read_only and (pair.expires is None or pair.expires > now)
    }


def _remember(profile: Profile, endpoint: str, usable: set[str]) -> None:
    """Store the keys, also as the usual ones unless those open something else."""
    usual = find_profile(DEFAULT_PROFILE)
    is_usual = usual is None or usual.public_key == profile.public_key
    is_outdated = (
        usual is not None and usual.endpoint == endpoint and usual.public_key not in usable
    )
    for name in {profile.name, DEFAULT_PROFILE} if is_usual or is_outdated else {profile.name}:
        store_profile(evolve(profile, name=name, endpoint=endpoint))


@contextmanager
def _service(data: Path, port: int, profile: Profile) -> Iterator[tuple[str, bool]]:
    """The endpoint of a service over the data, and whether it is this command's own."""
    usual = f"http://127.0.0.1:{port}/api/v1"
    try:
        _opened(profile, usual).close()
    except VisualSnoopError as error:
        # Something else may be there.
        free_port = port if isinstance(error, ConnectError) else 0
        with background_service(data, f"--port={free_port}") as endpoint:
            yield endpoint, True
    else:
        yield usual, False


def _opened(profile: Profile, endpoint: str) -> Collection:
    return Collection(profile.public_key, profile.secret_key, endpoint, WITHOUT_PROXY, 0)


def _add(collection: Collection, folder: Path, concurrency: int) -> None:
    """Add the files of a folder that the collection has not got as they are now."""
    files = Files()
    files.find([folder], "path", recursive=True)
    for error in files.errors:
        click.echo(f"Error: {error}", err=True)
    stored = {image.id: image.image_time for image in collection.iter_images(page_size=1000)}
    pairs = [
        (image_id, path)
        for image_id, (path, *_) in files.by_id.items()
        if image_id not in stored or _modified(path) > stored[image_id]
    ]
    if pairs:
        run = Run(
            title="Adding",
            count=len(pairs),
            name=lambda item: file_name(item[1]),
            skipped="it was there before",
            go_on="To go on, run the same command again",
            is_quiet=True,
        )
        added = collection.add_images(pairs, concurrency=concurrency, update_existing=True)
        print_outcomes(collection, added, run)
    count = collection.get_collection().image_count
    click.echo(f"{counted(count, 'image')} of {file_name(folder)}")


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _open_page(url: str, profile: Profile, endpoint: str, browser: bool) -> None:
    from ..server.storage.sessions import create_code

    open_page(endpoint, create_code(url, profile.public_key), browser)


def _wait() -> None:
    """Wait for Ctrl-C, which is how this ends, and no failure."""
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    click.echo("The service runs until Ctrl-C", err=True)
    while True:
        # Not signal.pause(): that would miss a signal that comes just before.
        time.sleep(1)
