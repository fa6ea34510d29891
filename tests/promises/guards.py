"""Guards of the promise to guests, each taken out in turn of a copy of the code. Entry point: :func:`main`.

    python -m tests.promises.guards                  # all, into a table
    python -m tests.promises.guards feeds sitemap    # some

Without any of them the worlds of :mod:`.differential` must find a difference; otherwise they would prove
nothing of it. Prints in which world, of those from the first one on, and with which request.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click

from tests.support.paths import ROOT

_COPIED, _LINKED = ("search_service", "indexer"), ("analyzers", "tests", "pyproject.toml")
# Worlds in which the removal of any guard is detected.
ENOUGH = 40


@dataclass(frozen=True)
class Guard:
    """``old``: what guards, once in ``file``; ``new``: without it. ``first``: a world that notices."""

    name: str
    what: str
    file: str
    old: str
    new: str
    first: int = 0


_STAFF = "__import__('search_service.model').model.Audience.STAFF"
_FROM_ABOVE = f"service.reader({_STAFF}, shared=True)"
_SHARED = "service.reader(audience, shared=True)"
_FEEDS = "search_service/web/pages/feeds.py"
GUARDS = (
    # --- who asks
    Guard("audience", "the audience of a request", "search_service/web/request.py",
          "return visitor().shown.audience", "return Audience.STAFF"),
    Guard("reader", "a reader is limited to its audience", "search_service/service.py",
          "scope = Scope(audience, hidden)", "scope = Scope(Audience.STAFF, hidden)"),
    Guard("last-visitor", "who asked before is nobody", "search_service/web/request.py",
          'found: Visitor = g.get("visitor", _GUEST)\n    return found',
          'found: Visitor = g.get("visitor", _GUEST)\n    last = current_app.extensions\n'
          '    if found.role is Role.PUBLIC:\n        return last.get("last", found)\n'
          '    last["last"] = found\n    return found'),
    Guard("proxy", "a role is believed from trusted proxies alone", "search_service/web/request.py",
          "if named and site().settings.trusts(request.remote_addr):", "if named:"),
    Guard("preview", "a preview is of a lower role", "search_service/web/request.py",
          "for one in role.previews if one.value", "for one in Role if one.value"),
    Guard("refusal", "what is sent and not valid is refused", "search_service/web/request.py",
          "g.is_refused = role is None", "g.is_refused = False"),
    Guard("export", "only staff export", "search_service/web/api/search.py",
          "if not may(Right.EXPORT):", "if False:"),
    Guard("drafts", "only staff export drafts", "search_service/web/api/drafts.py",
          "if not may(Right.EXPORT)", "if False"),
    Guard("push", "guests change nothing", "search_service/web/api/push.py",
          "if sent_key() is None or not may(Right.INDEX):", "if False:"),
    Guard("tag", "tags of answers differ by audience", "search_service/web/conditional.py",
          "return audience().label.encode()", 'return b""'),
    Guard("limit", "a key has a limit of its own", "search_service/web/rate_limits.py",
          "if key else caller()", "if False else caller()"),
    # --- what is read
    Guard("search", "searches read the index of the audience", "search_service/answers/search.py",
          _SHARED, _FROM_ABOVE),
    Guard("suggest", "suggestions are of articles of the audience", "search_service/answers/complete.py",
          _SHARED, _FROM_ABOVE),
    Guard("vocabulary", "a vocabulary is that of the index read", "search_service/service.py",
          "return self.store.vocabularies.vocabulary(reader.generation,",
          "reader = self.reader(Audience.STAFF)\n"
          "        return self.store.vocabularies.vocabulary(reader.generation,", first=4),
    Guard("precedents", "passages are of the audience", "search_service/answers/precedents.py",
          f"    reader = {_SHARED}\n    if service.store.blocked",
          f"    reader = {_FROM_ABOVE}\n    if service.store.blocked"),
    Guard("sections", "passages for a draft are of the audience", "search_service/answers/drafts.py",
          _SHARED, _FROM_ABOVE),
    Guard("related", "related articles are of the audience", "search_service/answers/related.py",
          f"    reader = {_SHARED}\n    ids, common",
          f"    reader = {_FROM_ABOVE}\n    ids, common"),
    Guard("succession", "relations are to articles of the audience",
          "search_service/answers/succession.py", f"_related(view, _others({_SHARED}",
          f"_related(view, _others({_FROM_ABOVE}"),
    Guard("ended", "what ends the results is of the audience", "search_service/answers/succession.py",
          f"return {{}}\n    reader = {_SHARED}", f"return {{}}\n    reader = {_FROM_ABOVE}"),
    Guard("article", "an article is read from the index of the audience",
          "search_service/answers/browse.py", f"fetch_one({_SHARED}", f"fetch_one({_FROM_ABOVE}"),
    Guard("home", "the home page is of the audience", "search_service/answers/browse.py",
          f"    reader = {_SHARED}\n    listing", f"    reader = {_FROM_ABOVE}\n    listing"),
    Guard("feeds", "the feed of the newest is public", _FEEDS,
          "lists.newest(service(), Audience.PUBLIC", "lists.newest(service(), Audience.STAFF"),
    Guard("search-feed", "the feed of a search is public", _FEEDS,
          "wanted, Audience.PUBLIC)", "wanted, Audience.STAFF)"),
    Guard("sitemap", "the sitemap is public", _FEEDS,
          "Audience.PUBLIC, after or", "Audience.STAFF, after or"),
    Guard("newest", "lists are of the audience", "search_service/answers/lists.py",
          f"    reader = {_SHARED}\n    return _newest(reader, [filters]",
          f"    reader = {_FROM_ABOVE}\n    return _newest(reader, [filters]"),
    Guard("categories", "categories are of the audience", "search_service/answers/lists.py",
          f"    reader = {_SHARED}\n    counted:", f"    reader = {_FROM_ABOVE}\n    counted:"),
    Guard("most-viewed", "the most viewed are of the audience", "search_service/answers/lists.py",
          f"    reader = {_SHARED}\n    start,", f"    reader = {_FROM_ABOVE}\n    start,"),
    Guard("copies", "copies are those of the index read", "search_service/state/copies.py",
          'return _groups(members.get(generation, "[]"))',
          "return {id: n for n, one in sorted(members.items()) for id in _groups(one)}  # type: ignore"),
    # --- what is counted
    Guard("views", "counters of views are by audience", "indexer/build/write.py",
          "for reader in readers:\n        service.store", "for reader in Audience:\n        service.store"),
    Guard("reads", "guests' lists count guests", "search_service/state/read_counts.py",
          "_READS.c.audience <= int(audience)", "_READS.c.audience <= 2", first=2),
    Guard("repeats", "repeats are remembered by audience", "search_service/state/read_counts.py",
          "self._seen[audience]", "self._seen[Audience.PUBLIC]"),
    Guard("counted-preview", "a preview by staff counts for nobody", "search_service/web/counting.py",
          "return visitor().role is not visitor().shown", "return False"),
    Guard("queries", "counts of searches are by audience", "search_service/web/counting.py",
          "text, audience(), found", "text, type(audience()).PUBLIC, found"),
    # --- what is indexed
    Guard("view", "guests read the preview", "indexer/build/views.py",
          "article.preview if audience is Audience.PUBLIC else None", "None"),
    Guard("withheld", "some articles are above guests", "indexer/build/views.py",
          "if audience < article.audience:", "if False:"),
    Guard("attachments", "attachments belong to the whole text", "indexer/build/views.py",
          'values["attachments"] = ()', "pass"),
    Guard("derived", "metadata is read from the view", "indexer/build/views.py",
          "return None if view is None else _with_metadata(view)",
          "return None if view is None else replace("
          "_with_metadata(replace(view, text=article.body)), text=view.text, found=())"),
    Guard("declared", "summaries are declared, never made", "indexer/build/views.py",
          "    if gapped:\n",
          '    values["summary"] = article.body[-40:]\n    if gapped:\n'),
    Guard("unchanged", "an unchanged view is not written", "search_service/engines/ordering.py",
          "if entry.digest == stored.digest:", "if False:"),
    Guard("batches", "batches are of what the audience reads", "indexer/build/write.py",
          "if stored is None or stored.digest is None:", "if False:", first=3),
    Guard("same", "unchanged views are in batches of their own", "indexer/build/write.py",
          "(same if is_stored(update, audience, stored) else changing).append(update)",
          "changing.append(update)"),
    Guard("calibration", "thresholds come from titles of the audience", "indexer/build/generations.py",
          "buffer.titles(own,", "buffer.titles(Audience.STAFF,"),
)  # fmt: skip


def without(guard: Guard, folder: Path) -> Path:
    """A copy of the code in a folder, without a guard."""
    for name in _LINKED:
        (folder / name).symlink_to(ROOT / name)
    for name in _COPIED:
        shutil.copytree(ROOT / name, folder / name)
    path = folder / guard.file
    path.write_text(path.read_text("utf-8").replace(guard.old, guard.new), "utf-8")
    # What is compiled of the others is copied; of this one it would pass for the new code if nothing but
    # bytes changed within a second.
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()
    return folder


def detected(guard: Guard, first: int = 0) -> tuple[int, str]:
    """How many worlds from ``first`` on it took to notice that a guard is missing, 0 if none did; by what."""
    with tempfile.TemporaryDirectory() as name:
        folder = without(guard, Path(name))
        command = [sys.executable, "-m", "tests.promises.differential", "--until-told"]
        command += ["--worlds", str(ENOUGH), "--first", str(first)]
        # Not the code that is installed.
        environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        run = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    if "worlds," not in run.stdout:
        raise click.ClickException(f"{guard.name}: {run.stdout[-500:]}{run.stderr[-2000:]}")
    if not run.returncode:
        return 0, ""
    [seed, request] = re.findall(r"^seed (\d+): [^:]*: (.*)", run.stdout, re.MULTILINE)[0]
    return int(seed) - first + 1, request


@click.command()
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...]) -> None:
    """Take out all guards, or those of these names, one after the other."""
    missed = 0
    click.echo("| guard | worlds | noticed by |\n| --- | --- | --- |")
    chosen = [guard for guard in GUARDS if not names or guard.name in names]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for guard, (worlds, request) in zip(chosen, pool.map(detected, chosen), strict=True):
            missed += not worlds
            click.echo(f"| {guard.what} | {worlds or '—'} | `{request[:60]}` |")
    raise SystemExit(bool(missed))


if __name__ == "__main__":
    main()
