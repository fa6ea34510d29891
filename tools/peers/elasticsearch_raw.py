"""Elasticsearch as it comes: the standard analyzer, one match."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from analyzers.messages import say
from tools.peers.peer import TITLE_WEIGHT, Peer, Place, read_articles

_TIMEOUT = 300


class RawElasticsearch(Peer):
    """One ``multi_match`` over title and text; the standard analyzer makes a term of each character."""

    name = "Elasticsearch"
    how = (
        "standard 分析器（单字），一个 multi_match：title^3、text；Java 堆见命令行",
        "standard analyzer (single characters), one multi_match: title^3, text; Java heap: see below",
    )

    @classmethod
    def missing(cls, place: Place) -> str:
        """A node."""
        return (
            ""
            if place.elasticsearch
            else say(
                "Elasticsearch 节点（Java 21、Maven 缓存，或 --elasticsearch）",
                "an Elasticsearch node (Java 21 and the cached distribution, or --elasticsearch)",
            )
        )

    def __init__(self, place: Place) -> None:
        """Connect; the index has the name of the folder."""
        super().__init__(place)
        self._client = Elasticsearch(
            place.elasticsearch, request_timeout=_TIMEOUT, connections_per_node=16
        )
        self._name = f"peers-{place.folder.parent.name}-{place.folder.name}".lower()

    def build(self) -> None:
        """Bulk requests, then merged into one segment."""
        text = {"type": "text", "analyzer": "standard"}
        self._client.indices.create(
            index=self._name,
            settings={"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": -1},
            mappings={"properties": {"title": text, "text": text}},
        )
        bulk(self._client, self._documents(), chunk_size=200)
        self._client.indices.refresh(index=self._name)
        self._client.indices.forcemerge(index=self._name, max_num_segments=1)
        self._client.indices.flush(index=self._name)

    def _documents(self) -> Iterator[dict[str, Any]]:
        for one in read_articles(self.place):
            yield {
                "_index": self._name,
                "_id": one.id,
                "_source": {"title": one.title, "text": one.text},
            }

    def search(self, query: str, limit: int) -> list[str]:
        """The best articles by BM25; without their sources."""
        answer = self._client.search(
            index=self._name,
            query={"multi_match": {"query": query, "fields": [f"title^{TITLE_WEIGHT}", "text"]}},
            size=limit,
            source=False,
            track_total_hits=False,
        )
        return [hit["_id"] for hit in answer["hits"]["hits"]]

    def processes(self) -> list[int]:
        """The process of the node, if it runs on this machine."""
        if urlsplit(self.place.elasticsearch).hostname not in ("127.0.0.1", "localhost"):
            return []
        nodes = self._client.nodes.info(metric="process")["nodes"]
        return [node["process"]["id"] for node in nodes.values()]

    def disk(self) -> int:
        """The size of the index."""
        stats = self._client.indices.stats(index=self._name, metric="store")
        return int(stats["_all"]["total"]["store"]["size_in_bytes"])

    def close(self) -> None:
        """Close the connections; the node is the runner's."""
        self._client.close()
