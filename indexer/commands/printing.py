"""What the command prints: reports, results, contents of the index. Entry points: the ``print_…``.

Plain lines on stdout; progress and faults on stderr. No arguments and no logic here.
"""

import math
import sys
import time
from collections.abc import Callable, Iterable

import click

from analyzers.messages import say
from indexer.build.ingest import RunReport
from indexer.sources.files import Notes
from search_service import logs
from search_service.answers import browse
from search_service.answers.page import Page
from search_service.errors import redact_credentials
from search_service.model import Article, Audience, StoredArticle
from search_service.service import SearchService
from search_service.settings import PREFIX, Settings

_SHOWN_NAMES = 20
_TRIAL_ARTICLES = 3
_TRIAL_CHARACTERS = 100


def progress() -> Callable[[str, int, int], None]:
    """A progress line on stderr with the time left; silent where stderr is no terminal."""
    if not sys.stderr.isatty():
        return lambda _stage, _done, _total: None
    names = {
        "read": say("读取", "reading"),
        "index": say("建立索引", "indexing"),
        "ask": say("提问", "searching"),
    }

    first: dict[str, tuple[float, int]] = {}

    def show(stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        started, before = first.setdefault(stage, (now, done))
        share = f"/{total} {done * 100 // total}%" if total else ""
        left = ""
        if total > done > before:
            left = time_left((now - started) * (total - done) / (done - before))
        # The end of the line before may be longer.
        line = f"{names[stage]} {done}{share}{left}".ljust(60)
        click.echo(f"\r{line}", nl=total > 0 and done == total, err=True)

    return show


def time_left(seconds: float) -> str:
    """The time left in words, rounded up; empty below one second."""
    if seconds < 1:
        return ""
    if seconds < 60:
        return say(f"，还需约 {math.ceil(seconds)} 秒", f", about {math.ceil(seconds)} s left")
    minutes = math.ceil(seconds / 60)
    return say(f"，还需约 {minutes} 分钟", f", about {minutes} min left")


def print_faults(report: RunReport) -> None:
    """Print the first faults on stderr, the others by kind, and the file that has all."""
    for fault in report.faults:
        click.echo(str(fault), err=True)
    if more := len(report.faults) - len(list(report.faults)):
        click.echo(say(f"……另有 {more} 条", f"… and {more} more"), err=True)
        kinds = report.faults.kinds()
        click.echo(say(f"按原因：{kinds}", f"by reason: {kinds}"), err=True)
    if report.faults.path:
        path = report.faults.path
        click.echo(say(f"全部有误记录：{path}", f"all bad records: {path}"), err=True)
    if report.faults.error:
        error = report.faults.error
        click.echo(
            say(f"记录原因的文件写不下去：{error}", f"the file of faults is incomplete: {error}"),
            err=True,
        )


def print_report(report: RunReport, *, err: bool = False) -> None:
    """Print what a run did, and the first faults on stderr; with ``err`` everything on stderr.

    The counts are logged as well.
    """
    print_faults(report)
    rate = report.articles / report.seconds if report.seconds else 0
    read = report.articles + len(report.faults) + report.queued
    logs.add(
        read=read,
        articles=report.articles,
        queued=report.queued,
        faults=len(report.faults),
        generations=[one.name for one in report.generations],
    )
    click.echo(
        say(
            f"读入 {read} 条：收录 {report.articles} 篇，有误 {len(report.faults)} 条；"
            f"{report.characters} 字，{report.passages} 段；{report.seconds:.1f} 秒（每秒 {rate:.0f} 篇）",
            f"read {read}: {report.articles} articles, {len(report.faults)} bad; {report.characters}"
            f" characters, {report.passages} passages; {report.seconds:.1f} s ({rate:.0f} articles/s)",
        ),
        err=err,
    )
    if report.queued:
        click.echo(
            say(
                f"已登记 {report.queued} 篇，尚未收录：另一个进程正在写入索引，由它随后写入；"
                "它若中断，则由下一次 add、delete 写入",
                f"{report.queued} queued, not yet in the index: another process is writing it and will write"
                " them next; if it is stopped, the next add or delete will",
            ),
            err=err,
        )
    if report.written.unchanged:
        unchanged = report.written.unchanged
        click.echo(say(f"全文未变 {unchanged} 篇", f"full text unchanged: {unchanged}"), err=err)
    if report.cleaned:
        rules = "，".join(f"{name} {count}" for name, count in sorted(report.cleaned.items()))
        click.echo(say(f"清洗：{rules}", f"cleaned: {rules}"), err=err)
    print_notes(report.notes)


def print_trial(report: RunReport, articles: Iterable[Article]) -> None:
    """Print what reading sources gives: the columns of tables, the first articles, faults and counts."""
    first: list[Article] = []
    for article in articles:
        if len(first) < _TRIAL_ARTICLES:
            first.append(article)
    print_faults(report)
    for name, columns in list(report.notes.columns.items())[:_SHOWN_NAMES]:
        click.echo(say(f"{name} 的列：{columns}", f"columns of {name}: {columns}"))
    for article in first:
        facts = (article.date, article.issuer, article.document_number, article.audience.label)
        click.echo(f"{article.id}  {article.title}  {'  '.join(filter(None, facts))}")
        click.echo(f"    {' '.join(article.body[:_TRIAL_CHARACTERS].split())}")
    click.echo(
        say(
            f"试读：可收录 {report.articles} 篇，有误 {len(report.faults)} 条；没有写入",
            f"a trial: {report.articles} articles, {len(report.faults)} bad; nothing was written",
        )
    )
    print_notes(report.notes)


def print_notes(notes: Notes) -> None:
    """Print on stderr what is no fault but may be a mistake, a line for each name."""
    if count := notes.left_out.total():
        reasons = say("；", "; ").join(
            f"{reason} {number}" for reason, number in notes.left_out.most_common(_SHOWN_NAMES)
        )
        click.echo(
            say(
                f"按映射不收录 {count} 行：{reasons}",
                f"{count} rows left out by the mapping: {reasons}",
            ),
            err=True,
        )
    if count := notes.unknown_files.total():
        click.echo(
            say(
                f"注意：{count} 个文件的类型不认识，未读：{notes.list_files()}",
                f"note: {count} files of no known type were not read: {notes.list_files()}",
            ),
            err=True,
        )
    for name, count in notes.made_ids.most_common(_SHOWN_NAMES):
        click.echo(
            say(
                f"{name} 没有 id：{count} 条的 id 由网址，或标题、文号、日期、机关算出，这些改了就是另一篇",
                f"{name} has no ids: {count} ids were made of the address, or of title, 文号, date"
                " and issuer; with any of these changed it is another article",
            ),
            err=True,
        )
    for (name, field), count in notes.similar.most_common(_SHOWN_NAMES):
        click.echo(
            say(
                f"注意：{count} 条有字段 {name}，像是 {field}；未当作 {field}，按其他字段原样返回给所有人",
                f"note: {count} records have a field {name}, similar to {field}; it is not used as {field},"
                " but returned to everyone as an additional field",
            ),
            err=True,
        )
    for name, count in notes.ignored_texts.most_common(_SHOWN_NAMES):
        click.echo(
            say(
                f"注意：{count} 条的 {name} 与采用的正文或预览不同，未收录",
                f"note: in {count} records {name} differs from the body or preview used; left out",
            ),
            err=True,
        )


def line(stored: StoredArticle) -> str:
    """An article in one line: code, title, date."""
    view = stored.view
    return "  ".join(part for part in (view.code, view.title, view.date) if part)


def print_page(page: Page) -> None:
    """Print results with their snippets."""
    click.echo(say(f"共 {page.total} 篇", f"{page.total} articles"))
    for notice in page.notices():
        click.echo(notice)
    if page.suggestions:
        texts = " / ".join(page.suggestions)
        click.echo(say(f"您是不是要找：{texts}", f"did you mean: {texts}"))
    for place, result in enumerate(page.results, start=1):
        click.echo(f"{place:>3}. {line(result.stored)}  [{result.stored.view.id}]")
        for passage in result.passages[:1]:
            snippet = passage.snippet
            text = snippet.text
            for start, end in reversed(snippet.marks):
                text = f"{text[:start]}{click.style(text[start:end], bold=True)}{text[end:]}"
            click.echo("     " + " ".join(text.split()))


def print_index(service: SearchService, settings: Settings) -> None:
    """Print every generation and the hidden articles."""
    click.echo(f"{PREFIX}ENGINE  {redact_credentials(settings.engine)}")
    generations = service.engine.generations()
    for generation in generations:
        serves = ", ".join(audience.label for audience in generation.serves) or (
            say("备用（可回滚）", "kept for rollback")
            if generation.is_rollback_target
            else say("未启用", "not serving")
        )
        manifest = generation.manifest
        click.echo(
            say(
                f"{generation.name}：服务于 {serves}；{service.engine.count(generation.name)} 篇；"
                f"建于 {manifest.created}；分析 {manifest.analysis}；模型 {manifest.model or '无'}"
                f"（{manifest.dimensions} 维，下限 {manifest.floor}）",
                f"{generation.name}: serves {serves}; {service.engine.count(generation.name)} articles;"
                f" made {manifest.created}; analysis {manifest.analysis}; model {manifest.model or 'none'}"
                f" ({manifest.dimensions} dimensions, floor {manifest.floor})",
            )
        )
    service.check_state()
    hidden = sorted(service.store.hidden.ids()) if generations else ()
    if hidden:
        click.echo(say("已下架：", "taken down: ") + ", ".join(hidden))


def print_article(service: SearchService, key: str, audience: Audience) -> None:
    """Print the terms and passages of one article."""
    reader = service.reader(audience)
    stored = browse.fetch_one(reader, key)
    click.echo(line(stored))
    click.echo(
        say(
            f"编号 {key}，全文 {len(stored.view.text)} 字",
            f"id {key}, {len(stored.view.text)} characters",
        )
    )
    for name, terms in reader.stored_fields(key).items():
        click.echo(f"{name}: {terms}")
    for place, (passage, text) in enumerate(stored, start=1):
        path = " > ".join(passage.path)
        click.echo(f"[{place}] {passage.id} {passage.start}–{passage.end} {passage.role} {path}")
        click.echo("    " + " ".join(text.split()))
