"""Groups of commands."""

import click


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
