"""The command that runs a service. Its options are made of the settings of the service."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
from attrs import Attribute

from ..server.settings import Listening, Option, Settings, options
from .options import database_options

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _settings_options(command: Callable[..., None]) -> Callable[..., None]:
    told = {**options(Listening), **options(Settings)}
    for field, option in reversed(told.items()):
        command = _click_option(field, option)(command)
    return command


def _click_option(field: "Attribute[Any]", option: Option) -> Callable[[Any], Any]:
    def setting(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        try:
            return option.setting(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    name = field.name.replace("_", "-")
    is_flag = field.type is bool
    return click.option(
        f"--{name}/--no-{name}" if is_flag and option.default else f"--{name}",
        type=None if is_flag else _click_type(field.type, option),
        is_flag=is_flag,
        default=option.default,
        show_default=not is_flag or option.default,
        metavar=_metavar(field.type, option),
        callback=setting,
        help=option.help,
    )


def _click_type(kind: Any, option: Option) -> "click.ParamType[Any]":
    if get_origin(kind) is Literal:
        return click.Choice(get_args(kind))
    kinds = get_args(kind) or (kind,)
    if Path in kinds:
        return _FILE
    if float in kinds:
        return click.FloatRange(option.least, option.most)
    if int in kinds or timedelta in kinds:
        most = None if option.most is None else int(option.most)
        return click.IntRange(int(option.least), most)
    return click.STRING


def _metavar(kind: Any, option: Option) -> str | None:
    if option.unit is not None:
        return option.unit.name.upper()
    return "NUMBER" if {int, float} & {kind, *get_args(kind)} else None


@click.command(context_settings={"auto_envvar_prefix": "VISUALSNOOP_SERVE"})
@database_options
@click.option(
    "--model",
    help="Model for new images instead of the shipped one: an ONNX file, sscd or sscd-distilled.",
)
@_settings_options
def serve(data: Path | None, database: str | None, model: str | None, **settings: Any) -> None:
    """Run the service until it is interrupted.

    Secret keys are stored encrypted, under the master key in VISUALSNOOP_MASTER_KEY (64 hexadecimal
    digits) or else in the file master.key, which is made in the data folder: with --database, in
    the platform's usual one. All processes over one database need the same. Keep a copy of it.

    Each option can be given in the environment instead: --log-format as
    VISUALSNOOP_SERVE_LOG_FORMAT.
    """
    from ..server.serving import run
    from ..server.storage.master_key import opened_vault
    from ..server.storage.opening import data_folder, models_with, opened_database

    listening = Listening(**{field.name: settings.pop(field.name) for field in options(Listening)})
    with opened_database(data, database) as url:
        run(
            Settings(
                url,
                opened_vault(url, data),
                data=data_folder(data) if database is None else None,
                models=models_with(model),
                **settings,
            ),
            listening,
        )
