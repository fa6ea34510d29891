"""The commands ``gongwen block …``: blocked words (屏蔽词). Entry point: :func:`block_group`."""

import click

from analyzers.messages import say
from indexer.commands.console import Group
from indexer.commands.generation import Open

_words = click.argument("words", nargs=-1, required=True, metavar=say("词…", "WORD…"))


def block_group(open_service: Open) -> click.Group:
    """The group of commands; ``open_service`` opens the service by the settings."""

    @click.group(
        cls=Group,
        help=say(
            "屏蔽词：含有它的检索没有结果，它也不出现在建议和改法里。立刻生效；文章不受影响（下架用 hide）。",
            "Blocked words: searches that contain one have no results, and no suggestion contains one."
            " At once; articles are not affected (hide takes them down).",
        ),
    )
    def block() -> None:
        """Block."""

    @block.command(help=say("屏蔽。", "Block."))
    @_words
    def add(words: tuple[str, ...]) -> None:
        """Add."""
        with open_service() as (service, _):
            service.store.upgrade()
            for word in words:
                added = service.store.blocked.add(word)
                already = say(f"{word} 已经屏蔽", f"{word} was blocked already")
                click.echo(say(f"已屏蔽 {word}", f"blocked {word}") if added else already)

    @block.command(help=say("取消屏蔽。", "Block no longer."))
    @_words
    def remove(words: tuple[str, ...]) -> None:
        """Remove."""
        with open_service() as (service, _):
            service.store.upgrade()
            for word in words:
                removed = service.store.blocked.remove(word)
                was = say(f"{word} 没有屏蔽", f"{word} was not blocked")
                click.echo(say(f"已取消 {word}", f"no longer blocked: {word}") if removed else was)

    @block.command("list", help=say("列出。", "List them."))
    def list_words() -> None:
        """List."""
        with open_service() as (service, _):
            for word in service.store.blocked.words():
                click.echo(word)

    return block
