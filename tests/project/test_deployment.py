"""The files of docs/examples that run the service: every command, option, setting and path in them is ours.

What needs nothing but Python is checked here; nginx and systemd themselves check the rest where they are
installed.
"""

import configparser
import gzip
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from email.message import Message
from pathlib import Path

import click
import pytest
import trustme

from indexer.commands.main import cli
from search_service.service import SearchService
from search_service.settings import PREFIX, Settings, read_settings
from search_service.web.app import create_app
from search_service.web.connections import IDLE_TIMEOUT
from search_service.web.problems import MAX_PUSH
from tests.support.paths import ROOT
from tests.support.servers import served

EXAMPLES = ROOT / "docs" / "examples"
UNITS = sorted((EXAMPLES / "systemd").glob("*.service"))
TIMERS = sorted((EXAMPLES / "systemd").glob("*.timer"))
TASKS = sorted((EXAMPLES / "windows").glob("*.xml"))
SCRIPTS = sorted((EXAMPLES / "windows").glob("*.cmd"))
HANDBOOK = (ROOT / "docs" / "手册" / "部署与运行.md").read_text(encoding="utf-8")
NGINX = (EXAMPLES / "nginx" / "gongwen.conf").read_text(encoding="utf-8")
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
_PROGRAM = re.compile(r"(?:/opt/gongwen/\.venv/bin/|[\w:\\.]*\.venv\\Scripts\\)gongwen(?:\.exe)?$")


def parsed(path: Path) -> configparser.ConfigParser:
    """A unit; systemd allows a key twice, which these do not use."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # as the documentation has it
    unit.read_string(path.read_text(encoding="utf-8"))
    return unit


def is_accepted(arguments: list[str]) -> bool:
    """Whether `gongwen` with these arguments is no usage error; nothing is run."""
    context = click.Context(cli, info_name="gongwen")
    name, command, rest = cli.resolve_command(context, arguments)
    assert command is not None
    if isinstance(command, click.Group):
        _, command, rest = command.resolve_command(context, rest)
        assert command is not None
    command.make_context(name, list(rest), parent=context)
    return True


def gongwen_of(command: str) -> list[str] | None:
    """The arguments of a command line that runs our program; None if it runs another."""
    words = shlex.split(command.replace("\\", "\\\\"))
    return words[1:] if _PROGRAM.search(words[0]) else None


def environment(text: str, pattern: str) -> dict[str, str]:
    """The variables that a file sets."""
    return {
        name: value.strip('"')
        for name, value in re.findall(pattern, text, re.MULTILINE)
        if name.startswith(PREFIX)
    }


def test_there_are_examples() -> None:
    """None of the lists below is empty, and the handbook names every file or its folder's pattern."""
    assert len(UNITS) == 3
    assert len(TIMERS) == 2
    assert len(TASKS) == 2
    assert len(SCRIPTS) == 3
    for path in (*UNITS, *TIMERS, *TASKS):
        assert path.stem in HANDBOOK, path.name


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_a_command_of_ours(path: Path) -> None:
    """As the account of the service, in its folder, with its settings; never as root."""
    unit = parsed(path)
    service = unit["Service"]
    assert service["User"] == service["Group"] == "gongwen"
    assert "gongwen" in service["StateDirectory"].split()
    arguments = gongwen_of(service["ExecStart"])
    if arguments is None:
        assert service["ExecStart"].startswith("/bin/sh -c ")
        assert ".backup /var/lib/gongwen/backup/" in service["ExecStart"]
        return
    assert is_accepted(arguments)
    assert service["EnvironmentFile"] == "/etc/gongwen/gongwen.env"
    assert service["WorkingDirectory"] == "/var/lib/gongwen"


def test_a_wrong_option_would_be_found() -> None:
    """The check above refuses what the command line refuses."""
    for wrong in (
        ["serve", "--prot", "80"],
        ["sync"],
        ["sink", "a"],
        ["sync", "a", "--every", "3"],
    ):
        with pytest.raises(click.UsageError):
            is_accepted(wrong)


@pytest.mark.parametrize("path", TIMERS, ids=lambda path: path.name)
def test_a_timer_has_its_service(path: Path) -> None:
    """Of the same name, which runs once and is not enabled by itself."""
    timer, service = parsed(path), parsed(path.with_suffix(".service"))
    assert timer["Timer"]["OnCalendar"]
    assert timer["Timer"]["Persistent"] == "true"
    assert timer["Install"]["WantedBy"] == "timers.target"
    assert service["Service"]["Type"] == "oneshot"
    assert "Install" not in service


def test_the_settings_of_both_systems_exist_and_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable is a setting, with a value that it accepts; the proxy in front is trusted."""
    names = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    linux = environment(
        (EXAMPLES / "systemd" / "gongwen.env").read_text(encoding="utf-8"), r"^(\w+)=(.*)$"
    )
    windows = environment(
        (EXAMPLES / "windows" / "settings.cmd").read_text(encoding="utf-8"), r"^set (\w+)=(.*)$"
    )
    for values in (linux, windows):
        assert set(values) <= names
        with monkeypatch.context() as patch:
            for name, value in values.items():
                patch.setenv(name, value)
            settings = read_settings()
        assert settings.trusts("127.0.0.1")
        assert settings.sync_limit
        assert settings.port == 8000
    assert linux[f"{PREFIX}ENGINE"] == "embedded:/var/lib/gongwen/data"


def test_the_wrapper_is_a_shell_script_that_runs_ours() -> None:
    """`sh` accepts it; it is executable; it ends with our program."""
    path = EXAMPLES / "systemd" / "gongwen"
    assert os.access(path, os.X_OK)
    subprocess.run(["sh", "-n", str(path)], check=True)
    last = path.read_text(encoding="utf-8").splitlines()[-1]
    assert last == 'exec runuser -u gongwen -- /opt/gongwen/.venv/bin/gongwen "$@"'


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.name)
def test_a_task_of_windows_runs_a_script_of_ours(path: Path) -> None:
    """Its script exists beside it, and what that runs is a command of ours."""
    task = ET.parse(path).getroot()  # noqa: S314  (our own file)
    assert task.tag == f"{TASK}Task"
    command = task.findtext(f".//{TASK}Command", "")
    folder, _, name = command.rpartition("\\")
    assert folder == "C:\\gongwen"
    script = (path.parent / name).read_text(encoding="utf-8")
    runs = [
        line.partition(">>")[0].strip()
        for line in script.splitlines()
        if line.startswith("C:\\gongwen\\app")
    ]
    assert len(runs) == 1
    assert is_accepted(gongwen_of(runs[0]) or [])
    assert task.findtext(f".//{TASK}UserId") == "S-1-5-19"  # LOCAL SERVICE


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_of_windows_is_ascii(path: Path) -> None:
    """A console of another code page reads it as well; git writes its lines as Windows does."""
    assert path.read_bytes().isascii()
    assert "*.cmd text eol=crlf" in (ROOT / ".gitattributes").read_text(encoding="utf-8")


def test_the_commands_of_the_handbook_are_accepted() -> None:
    """Every `gongwen …` in a block of code of the handbook is no usage error."""
    found = 0
    for page in (ROOT / "docs" / "手册").glob("*.md"):
        for block in re.findall(
            r"^```(?:sh|bat)\n(.*?)^```$",
            page.read_text(encoding="utf-8"),
            re.MULTILINE | re.DOTALL,
        ):
            for line in block.replace("\\\n", "").split("\n"):
                match = re.match(
                    r"(?:sudo gongwen|\.venv/bin/gongwen|app\\\.venv\\Scripts\\gongwen) (.*)", line
                )
                if match and match[1].count('"') % 2 == 0:  # one page has a SELECT of several lines
                    assert is_accepted(shlex.split(match[1])), line
                    found += 1
    assert found > 20


def test_nginx_and_the_service_agree() -> None:
    """The largest push passes, and nginx closes connections before the service does."""
    assert int(re.findall(r"client_max_body_size ([0-9]+)m;", NGINX)[0]) * 1024**2 >= MAX_PUSH
    assert int(re.findall(r"keepalive_timeout ([0-9]+)s;", NGINX)[0]) < IDLE_TIMEOUT
    for header in ("X-Forwarded-For $remote_addr", "X-Forwarded-Proto $scheme", "Host $host"):
        assert f"proxy_set_header {header};" in NGINX
    assert 'proxy_set_header X-Gongwen-Role "";' in NGINX


# --- the programs themselves -----------------------------------------------------------------------


def needs(program: str) -> str:
    """The path of a program; skips where it is missing."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"no {program}")
    return found


@pytest.mark.deployment
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing, with programs that exist here."""
    analyze = needs("systemd-analyze")
    for path in (*UNITS, *TIMERS):
        text = path.read_text(encoding="utf-8").replace(
            "/opt/gongwen/.venv/bin/gongwen", "/bin/true"
        )
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    # Of other units, which this machine may lack, it may complain.
    mine = [line for line in done.stderr.splitlines() if "gongwen" in line]
    assert mine == []
    for path in TIMERS:
        moment = parsed(path)["Timer"]["OnCalendar"]
        subprocess.run([analyze, "calendar", moment], check=True, capture_output=True)


@pytest.fixture
def nginx(tmp_path: Path, sample_service: SearchService) -> Iterator[str]:
    """Our configuration of nginx in front of the service, on free ports: its address."""
    program = needs("nginx")
    certificate = trustme.CA().issue_cert("localhost")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "fullchain.pem")
    settings = read_settings(trusted_proxies="127.0.0.1", rate_limit="1000/hour")
    behind = served(create_app(sample_service, settings)).removeprefix("http://")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = NGINX.replace("127.0.0.1:8000", behind).replace("/etc/ssl/gongwen", str(tmp_path))
    text = re.sub(r" *listen \[::\].*\n", "", text)
    text = text.replace("listen 80;", f"listen unix:{tmp_path}/plain.sock;")
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
    (tmp_path / "gongwen.conf").write_text(text, encoding="utf-8")
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}}\n"
        + ("user root;\n" if os.geteuid() == 0 else "")
        + f"http {{ access_log off; client_body_temp_path {tmp_path}/body;"
        f" proxy_temp_path {tmp_path}/proxy; fastcgi_temp_path {tmp_path}/fastcgi;"
        f" uwsgi_temp_path {tmp_path}/uwsgi; scgi_temp_path {tmp_path}/scgi;"
        f" include {tmp_path}/gongwen.conf; }}\n"
    )
    command = [program, "-e", str(tmp_path / "error.log"), "-c", str(whole)]
    done = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 20
    while True:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert process.poll() is None, (tmp_path / "error.log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield f"https://localhost:{port}"
    process.terminate()
    process.wait(20)


@pytest.mark.deployment
def test_nginx_in_front(nginx: str) -> None:
    """https in whole addresses, one address per visitor, cache headers as the service sends them."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def ask(
        path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Message, bytes]:
        request = urllib.request.Request(nginx + path, data=body, headers=dict(headers or {}))
        try:
            with urllib.request.urlopen(request, context=context, timeout=30) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as exc:
            with exc:
                return exc.code, exc.headers, exc.read()

    status, headers, text = ask("/robots.txt")
    assert (status, headers["Strict-Transport-Security"]) == (200, "max-age=31536000")
    assert b"Sitemap: https://localhost" in text
    # What the visitor writes is replaced: all of this is one caller.
    left = []
    for address in ("203.0.113.1", "203.0.113.2"):
        headers = ask("/api/v1/search?q=a", headers={"X-Forwarded-For": address})[1]
        left.append(int(headers["RateLimit-Remaining"]))
    assert left[0] - left[1] == 1
    _, headers, page = ask("/", headers={"Accept-Encoding": "gzip"})
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Content-Encoding"] == "gzip"
    assert ask("/", headers={"If-None-Match": headers["ETag"]})[0] == 304
    (style,) = re.findall(rb'href="(/static/site.css[^"]*)"', gzip.decompress(page))
    assert "immutable" in ask(style.decode())[1]["Cache-Control"]
    # As large as a push may be: refused for want of a role, and not by nginx.
    status, headers, _ = ask("/api/v1/articles:bulk", bytes(MAX_PUSH - 1000))
    assert status == 403
    assert headers["Content-Type"] == "application/problem+json"
