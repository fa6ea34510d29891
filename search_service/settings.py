"""Settings, read from the environment once. Entry point: :class:`Settings`.

Nothing else reads the environment, except the language of messages. Every field has a help text, which
``gongwen settings`` prints; a test compares the documentation with the list.
"""

import os
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from analyzers.messages import say
from search_service import logs
from search_service.errors import ConfigurationError

PREFIX = "GONGWEN_"
_EMBEDDED, _SQLITE = "embedded:", "sqlite:///"


class Settings(BaseSettings):
    """All settings of the service; each is the environment variable ``GONGWEN_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    engine: str = Field(
        default="embedded:./data",
        description=say(
            "索引引擎：embedded:目录，或 https://用户:口令@主机:9200,主机:9200/前缀（Elasticsearch）",
            "Index engine: embedded:FOLDER, or https://user:password@host:9200,host:9200/prefix"
            " (Elasticsearch)",
        ),
    )
    engine_api_key: SecretStr = Field(
        default=SecretStr(""),
        description=say(
            "Elasticsearch 的 API key（创建时返回的 encoded），代替地址中的用户与口令；不会显示",
            "API key of Elasticsearch (`encoded` in the response that created it), instead of user and"
            " password in the address; never shown",
        ),
    )
    engine_ca: str = Field(
        default="",
        description=say(
            "签发 Elasticsearch 证书的 CA 的 PEM 文件；空：用系统信任的 CA",
            "PEM file of the CA that signed Elasticsearch's certificate; empty: the CAs that the"
            " system trusts",
        ),
    )
    engine_fingerprint: str = Field(
        default="",
        description=say(
            "Elasticsearch 证书的 SHA-256 指纹，代替 CA",
            "SHA-256 fingerprint of Elasticsearch's certificate, instead of a CA",
        ),
    )
    engine_timeout: float = Field(
        default=0.9,
        gt=0,
        le=600,
        description=say(
            "一次检索调用最多等 Elasticsearch 多少秒；默认值使接口在一秒内回答 503。写入不受它限制",
            "Seconds that a search call waits for Elasticsearch; with the default the API answers 503"
            " within a second. Does not limit writes",
        ),
    )
    state: str = Field(
        default="",
        description=say(
            "索引以外的状态（下架名单、台账）的数据库地址；空：引擎目录中的 state.sqlite3",
            "Database URL of the state besides the index (hidden list, ledger); empty: state.sqlite3"
            " in the folder of the index",
        ),
    )
    model: str = Field(
        default="builtin",
        description=say(
            "向量模型：builtin、目录，或模型名（需 gongwen-search[models]）；none：只用关键词",
            "Embedding model: builtin, a folder, or a model name (needs gongwen-search[models]);"
            " none: keywords only",
        ),
    )
    segmenter: str = Field(
        default="rjieba",
        pattern="^(rjieba|jieba)$",
        description=say(
            "分词器：rjieba 或 jieba（更换后须重建索引）",
            "Segmenter: rjieba or jieba (changing it needs a rebuild)",
        ),
    )
    cleaning: str = Field(
        default="all",
        description=say(
            "入库清洗规则，逗号分隔：all、none，或规则名",
            "Cleaning rules before indexing, comma-separated: all, none, or names of rules",
        ),
    )
    log: str = Field(
        default=logs.TEXT,
        pattern=f"^({logs.TEXT}|{logs.JSON})$",
        description=say(
            "日志格式：text，或 json（每行一个对象）。不含检索词、正文与访问者的地址",
            "Log format: text, or json (one object per line). The log contains no queries, texts or"
            " client addresses",
        ),
    )
    site_name: str = Field(
        default="公文检索",
        description=say("页面上的站点名称", "Name of the site, shown on its pages"),
    )
    footer: str = Field(default="", description=say("页脚文字", "Text at the foot of each page"))
    path_prefix: str = Field(
        default="",
        pattern=r"^(/[\w.~-]+)*$",
        description=say("网址路径前缀，如 /search", "Path prefix of all URLs, such as /search"),
    )
    host: str = Field(default="127.0.0.1", description=say("监听地址", "Address to listen on"))
    port: int = Field(
        default=8000, ge=0, le=65535, description=say("监听端口", "Port to listen on")
    )
    threads: int = Field(
        default=4, ge=1, le=64, description=say("服务线程数", "Threads that answer requests")
    )

    @property
    def state_url(self) -> str:
        """The database URL of the state; the default if none is set."""
        return self.state or f"{_SQLITE}{self._engine_folder}/state.sqlite3"

    @property
    def vectors_url(self) -> str:
        """The database URL of :class:`indexer.build.vector_cache.VectorCache`: a local file."""
        return f"{_SQLITE}{self._folder}/vectors.sqlite3"

    @property
    def reports(self) -> Path:
        """The folder of import reports."""
        return self._folder / "reports"

    @property
    def embedded_folder(self) -> Path | None:
        """The folder of the embedded engine; None with another engine."""
        folder = self.engine.removeprefix(_EMBEDDED)
        return Path(folder) if folder != self.engine else None

    @property
    def _folder(self) -> Path:
        """Where files lie: the folder of the embedded engine, else that of an SQLite state database."""
        if self.embedded_folder is None and self.state.startswith(_SQLITE):
            return Path(self.state.removeprefix(_SQLITE)).parent
        return self._engine_folder

    @property
    def _engine_folder(self) -> Path:
        """The folder of the embedded engine; with another engine ``data``."""
        return self.embedded_folder or Path("data")


def read_log_format() -> str:
    """Read the log format alone; the default if other settings are invalid.

    Whoever reads all settings next reports those.
    """
    try:
        return read_settings().log
    except ConfigurationError:
        return logs.TEXT


def environment_with(**values: str) -> dict[str, str]:
    """The environment of this process with other values of some settings, for a process of its own."""
    return os.environ | {f"{PREFIX}{name.upper()}": value for name, value in values.items()}


def read_settings(**overrides: object) -> Settings:
    """Read the environment; ``overrides`` take precedence.

    Raises ``ConfigurationError``, which names each invalid value.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # validated by pydantic
    except ValidationError as exc:
        faults = "; ".join(
            f"{PREFIX}{str(error['loc'][0]).upper()}={error['input']!r}: {error['msg']}"
            for error in exc.errors()
        )
        raise ConfigurationError(say(f"设置有误：{faults}", f"Bad settings: {faults}")) from exc
