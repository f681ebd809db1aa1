"""The command that sets up shell completion."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete the commands.

    \b
    bash: visualsnoop completion bash >> ~/.bashrc
    zsh:  visualsnoop completion zsh >> ~/.zshrc
    fish: visualsnoop completion fish > ~/.config/fish/completions/visualsnoop.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(
        kind(context.find_root().command, {}, "visualsnoop", "_VISUALSNOOP_COMPLETE").source()
    )
