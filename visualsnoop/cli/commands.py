"""Kinds of commands: how they are listed, and with which exit status they end."""

from typing import Any

import click

from .. import VisualSnoopError

NOTHING_FOUND = 1
"""The exit status of a question to which nothing was found."""

FAILED = 3
"""The exit status of a question that could not be answered; 2 is that of wrong arguments."""

INTERRUPTED = 130
"""The exit status of what was interrupted: 128 and the number of SIGINT, as shells have it."""


class CommandGroup(click.Group):
    """Lists its commands with whole sentences, broken into lines where the terminal is narrow.

    Click cuts them off, the sooner the narrower the terminal.
    """

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [
            (name, _first_sentence(command))
            for name, command in commands
            if command is not None and not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _first_sentence(command: click.Command) -> str:
    return command.get_short_help_str(limit=len(command.help or "") + 1)


class AllCommands(CommandGroup):
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


class Question(click.Command):
    """A command whose exit status answers: a failure is told apart from nothing found."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except (VisualSnoopError, OSError, ValueError) as error:
            raise _Unanswered(str(error)) from error


class _Unanswered(click.ClickException):
    exit_code = FAILED
