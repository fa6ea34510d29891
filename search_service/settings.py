"""Settings, read from the environment once. Entry point: :class:`Settings`.

Nothing else reads the environment, except the language of messages. Every field has a help text, which
``gongwen settings`` prints; a test compares the documentation with the list.
"""

import ipaddress
import os
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from analyzers.messages import say
from search_service import logs
from search_service.errors import ConfigurationError
from search_service.model import Audience

PREFIX = "GONGWEN_"
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", re.IGNORECASE)
_EMBEDDED, _SQLITE = "embedded:", "sqlite:///"


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def read_networks(text: str) -> Sequence[Network]:
    """The networks of a comma-separated list; raises ``ValueError`` for what is none."""
    return [ipaddress.ip_network(one) for one in _listed(text)]


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


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
    audience: str = Field(
        default="",
        pattern=f"^({'|'.join(one.label for one in Audience)})?$",
        description=say(
            "来源没有写明谁可以看时归谁：public 所有人、member 会员、staff 内部；空：停下来问",
            "Who may read a source that does not say: public, member or staff; empty: stop and ask",
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
    embed_origins: str = Field(
        default="",
        description=say(
            "可以嵌入检索框、相关文章和本站网页的网站，逗号分隔，如 https://www.example.gov.cn；空：只有本站",
            "Sites that may embed the search box, related articles and our pages, comma-separated, such as"
            " https://www.example.gov.cn; empty: only this site",
        ),
    )
    wording: str = Field(
        default="",
        description=say(
            "核对稿子用的词表：UTF-8 文件，每行 写法<TAB>应写作；没有后一列：不用这个词",
            "Words for the check of drafts: a file in UTF-8 with lines wrong<TAB>right; without the second"
            " column the word is not to be used",
        ),
    )
    query_log: int = Field(
        default=0,
        ge=0,
        le=366,
        description=say(
            "检索词统计保留多少天；0：不统计。一天之内至少三个来访者检索过的才记下文字，其余只计次数",
            "Days for which counts of searches are kept; 0: none. A text is kept only if three callers"
            " searched it on one day, of others only how many there were",
        ),
    )
    count_reads: bool = Field(
        default=False,
        description=say(
            "自己统计阅读次数：热点排行多出今日、本周、本月三榜，首页列出本月常读；保留 30 天，不记是谁",
            "Count reads here: lists of the most read of the day, the week and the month, and on the home"
            " page; kept for 30 days, never who read",
        ),
    )
    rate_limit: str = Field(
        default="3000/minute",
        pattern="^([1-9][0-9]{0,8}/(second|minute|hour|day))?$",
        description=say(
            "一个来访者（一个密钥，或一个地址）最多多少次请求，每个进程各计；空：不限。"
            "一个单位往往共用一个地址，不要设得太小",
            "Requests of one caller (a key, or an address), counted by each process; empty: no limit. A"
            " whole office often has one address, so do not make it small",
        ),
    )
    sync_limit: int = Field(
        default=0,
        ge=0,
        le=8760,
        description=say(
            "来源最迟多少小时同步一次（gongwen sync、watch、index）：超过了 healthz 回答 503；0：不查",
            "Hours within which each source must be synchronised (gongwen sync, watch, index); beyond,"
            " healthz answers 503; 0: not checked",
        ),
    )
    host: str = Field(default="127.0.0.1", description=say("监听地址", "Address to listen on"))
    port: int = Field(
        default=8000, ge=0, le=65535, description=say("监听端口", "Port to listen on")
    )
    threads: int = Field(
        default=4, ge=1, le=64, description=say("服务线程数", "Threads that answer requests")
    )

    login_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s\"<>]+|/[^/\s\"<>\\\\][^\s\"<>]*)?$",
        description=say(
            "门户登录页的地址；其中的 {next} 换成登录之后要回到的本站路径",
            "Address of the portal's log-in page; {next} in it becomes the path to come back to",
        ),
    )
    token_algorithm: str = Field(
        default="HS256",
        pattern="^(HS256|RS256|EdDSA)$",
        description=say(
            "门户令牌的签名算法：HS256、RS256 或 EdDSA；别的一律拒绝",
            "Algorithm that signs the portal's tokens: HS256, RS256 or EdDSA; any other is refused",
        ),
    )
    token_key: SecretStr = Field(
        default=SecretStr(""),
        description=say(
            "验证门户令牌的密钥：HS256 为共享的密钥（至少 32 字节）；RS256、EdDSA 为公钥 PEM 文件的路径；"
            "空：不收令牌。不会显示",
            "Key that checks the portal's tokens: for HS256 the shared secret (32 bytes or more), for"
            " RS256 and EdDSA the PEM file of the public key; empty: no tokens. Never shown",
        ),
    )
    token_audience: str = Field(
        default="gongwen-search",
        min_length=1,
        description=say("门户令牌的 aud 必须是它", "What `aud` of the portal's tokens must be"),
    )
    role_header: str = Field(
        default="",
        pattern=r"^([A-Za-z][A-Za-z0-9-]*)?$",
        description=say(
            "反向代理写明来访者身份（member、staff）的请求头，如 X-Gongwen-Role；"
            "只信 GONGWEN_TRUSTED_PROXIES 送来的",
            "Header in which a reverse proxy names the visitor's role (member, staff), such as"
            " X-Gongwen-Role; believed only from GONGWEN_TRUSTED_PROXIES",
        ),
    )
    trusted_proxies: str = Field(
        default="",
        description=say(
            "可信的反向代理的地址或网段，逗号分隔，如 127.0.0.1,10.0.0.0/8",
            "Addresses or networks of trusted reverse proxies, comma-separated, such as"
            " 127.0.0.1,10.0.0.0/8",
        ),
    )
    secure_cookies: bool = Field(
        default=True,
        description=say(
            "登录的 cookie 只经 https 发送；本站只有 http 时设为 false，启动时会提醒",
            "Cookies of a log-in are sent over https only; false where this site has http alone, with a"
            " warning at the start",
        ),
    )

    @field_validator("embed_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for one in _listed(value):
            if not _ORIGIN.fullmatch(one):
                raise ValueError(
                    say(
                        f"{one!r} 不是网站的地址；请写成 https://主机 或 https://主机:端口，不带路径",
                        f"{one!r} is no origin; write https://host or https://host:port, no path",
                    )
                )
        return value

    @property
    def origins(self) -> frozenset[str]:
        """The origins that may embed us, as browsers send them."""
        return frozenset(map(str.lower, _listed(self.embed_origins)))

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        read_networks(value)
        return value

    @model_validator(mode="after")
    def _believed_from_somewhere(self) -> "Settings":
        if self.role_header and not self.trusted_proxies:
            raise ConfigurationError(
                say(
                    "设置有误：GONGWEN_ROLE_HEADER 须与 GONGWEN_TRUSTED_PROXIES 同设，否则谁的都不信",
                    "Bad settings: GONGWEN_ROLE_HEADER needs GONGWEN_TRUSTED_PROXIES: who may send it",
                )
            )
        return self

    @cached_property
    def proxies(self) -> Sequence[Network]:
        """The networks of the trusted proxies."""
        return read_networks(self.trusted_proxies)

    def trusts(self, address: str | None) -> bool:
        """Whether an address is that of a trusted proxy."""
        try:
            parsed = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(parsed in network for network in self.proxies)

    @property
    def state_url(self) -> str:
        """The database URL of the state; the default if none is set."""
        return self.state or f"{_SQLITE}{self._engine_folder}/state.sqlite3"

    @property
    def vectors_url(self) -> str:
        """The database URL of :class:`indexer.build.vector_cache.VectorCache`: a local file."""
        return f"{_SQLITE}{self.folder}/vectors.sqlite3"

    @property
    def reports(self) -> Path:
        """The folder of import reports."""
        return self.folder / "reports"

    @property
    def embedded_folder(self) -> Path | None:
        """The folder of the embedded engine; None with another engine."""
        folder = self.engine.removeprefix(_EMBEDDED)
        return Path(folder) if folder != self.engine else None

    @property
    def state_file(self) -> Path | None:
        """The file of the state; None if it is in a database on a server."""
        if not self.state_url.startswith(_SQLITE):
            return None
        return Path(self.state_url.removeprefix(_SQLITE).partition("?")[0])

    @property
    def folder(self) -> Path:
        """Where files lie: the folder of the embedded engine, else that of an SQLite state database."""
        if self.embedded_folder is None and self.state_file is not None:
            return self.state_file.parent
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


def variable(name: str) -> str | None:
    """A variable that a file of the operator names, such as that of a database's password."""
    return os.environ.get(name)


def unknown_variables() -> list[str]:
    """The variables of the environment that look like settings and are none, such as a misspelt one."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


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
