"""lvsm completion."""

from __future__ import annotations

import click

from lvsm.cli.command import Command

VARIABLE = "_LVSM_COMPLETE"
"""What the shell's function sets to have lvsm print what could stand there: click's convention."""

_CLICKS_TEST = "$zsh_eval_context[-1] == loadautofunc"
_OUR_TEST = "$funcstack[1] == _lvsm"
"""Whether zsh calls the script as a function of its fpath. Click's is true of the first call only
(seen with zsh 5.9): every later TAB would complete nothing."""


@click.command(cls=Command, short_help="Print what makes a shell complete lvsm's words.")
@click.argument("shell", type=click.Choice(["bash", "zsh"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, options, files and names of virtual services.

    \b
    Examples:
      source <(lvsm completion bash)
      lvsm completion bash > /etc/bash_completion.d/lvsm
      lvsm completion zsh > /usr/share/zsh/vendor-completions/_lvsm
    """
    click.echo(script(context.find_root().command, shell))


def script(root: click.Command, shell: str) -> str:
    """The text for `bash` or `zsh`; it names lvsm and no path."""
    from click.shell_completion import ShellComplete, get_completion_class

    # Not the class's own source(): bash's would start a bash to ask for its version.
    found = get_completion_class(shell) or ShellComplete
    text = ShellComplete.source(found(root, {}, "lvsm", VARIABLE))
    return text.replace(_CLICKS_TEST, _OUR_TEST).strip()
