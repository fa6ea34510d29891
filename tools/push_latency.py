"""Time pushes: ``python tools/push_latency.py URL KEY SOURCE.jsonl [PUSHES] [CLIENTS] [PER_SECOND]``.

Clients put articles of a source, under ids of their own, on a running server, at a rate for all together.
Printed are the 50th and 95th percentile of the time until a push is acknowledged, and until it is visible.
The pushed articles are deleted at the end.
"""

import itertools
import json
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

_POLL = 0.05  # seconds between two questions whether a push is visible


def call(url: str, key: str, method: str, values: object = None) -> Any:
    """Send a request and read its JSON."""
    data = None if values is None else json.dumps(values).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310  (ours)
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  (ours)
        return json.load(answer)


def main(url: str, key: str, source: Path, pushes: int, clients: int, per_second: float) -> None:
    """Push, wait and print."""
    with source.open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in itertools.islice(lines, pushes)]
    acknowledged: list[float] = []
    waiting: list[tuple[int, float]] = []
    visible: list[float] = []
    done = threading.Event()
    places = itertools.count()
    begun = time.perf_counter()

    def send() -> None:
        while (place := next(places)) < pushes:
            time.sleep(max(0.0, begun + place / per_second - time.perf_counter()))
            record = {**records[place % len(records)], "id": f"push-{place}", "audience": "public"}
            record.pop("version", None)
            started = time.perf_counter()
            number = call(f"{url}/api/v1/articles/push-{place}", key, "PUT", record)["number"]
            acknowledged.append(time.perf_counter() - started)
            waiting.append((number, started))

    def watch() -> None:
        while waiting or not done.is_set():
            for one in list(waiting):
                if call(f"{url}/api/v1/changes/{one[0]}", key, "GET")["state"] != "pending":
                    visible.append(time.perf_counter() - one[1])
                    waiting.remove(one)
                else:
                    break  # the later ones are pending, too
            time.sleep(_POLL)

    senders = [threading.Thread(target=send) for _ in range(clients)]
    watcher = threading.Thread(target=watch)
    for thread in [*senders, watcher]:
        thread.start()
    for thread in senders:
        thread.join()
    seconds = time.perf_counter() - begun
    done.set()
    watcher.join()
    print(f"{pushes} pushes by {clients} clients, {pushes / seconds:.1f} per second")
    for name, times in (("acknowledged", acknowledged), ("visible", visible)):
        print(f"{name}: {_percentiles(times)}")
    gone = [{"id": f"push-{place}", "deleted": True} for place in range(pushes)]
    for start in range(0, len(gone), 500):
        call(f"{url}/api/v1/articles:bulk", key, "POST", {"articles": gone[start : start + 500]})


def _percentiles(seconds: Sequence[float]) -> str:
    half, most = np.percentile(seconds, [50, 95])
    return f"p50 {half * 1000:.0f} ms, p95 {most * 1000:.0f} ms"


if __name__ == "__main__":
    _url, _key, _source, *_numbers = sys.argv[1:]
    _pushes, _clients, _rate = [float(one) for one in _numbers] + [200.0, 4.0, 10.0][
        len(_numbers) :
    ]
    main(_url, _key, Path(_source), int(_pushes), int(_clients), _rate)
