"""The four ways to log in, over a real server, from nothing, as docs/login.md says. PHP makes the token."""

import json
import re
import shutil
import subprocess
import sys
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from search_service.settings import environment_with
from tests.conftest import write_source
from tests.search_service.web.test_login import PAID, PASSWORD, RECORDS, SECRET
from tests.support.paths import ROOT
from tests.support.servers import SERVERS, serving
from tests.support.skip_report import because

GUIDE = (ROOT / "docs" / "login.md").read_text(encoding="utf-8")
SEARCH = "/api/v1/search?" + urlencode({"q": PAID, "mode": "keyword"})


def php_link(config: pytest.Config, folder: Path, role: str) -> str:
    """The address to which the example of the guide sends a visitor, from a real PHP."""
    if shutil.which("php") is None:
        because(config, "left out: log-in by the example in PHP (needs php-cli)")
        pytest.skip("no php")
    [example] = re.findall(r"```php\n(.*?)```", GUIDE, re.DOTALL)
    code = [line for line in example.splitlines() if line != "<?php" and line[:2] != "//"]
    assert len(code) <= 12
    script = folder / "portal.php"
    script.write_text(
        f"{example}\necho search_login_url($argv[1], $argv[2], $argv[3], $argv[4]);\n"
    )
    run = ["php", str(script), "http://127.0.0.1", SECRET, role, "/search?q=小区"]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout


class Browser:
    """A browser without scripts: it keeps cookies, and follows nothing."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.cookies: dict[str, str] = {}

    def ask(
        self, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> tuple[HTTPResponse, str]:
        """One request; with a form, it is sent."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        method, body = ("GET", None) if form is None else ("POST", urlencode(form))
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        text = response.read().decode()
        for line in response.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        return response, text

    def total(self, **headers: str) -> int:
        """How many articles have the paid phrase."""
        found: int = json.loads(self.ask(SEARCH, None, **headers)[1])["total"]
        return found

    def log_in(self, name: str, password: str) -> int:
        """The status of a log-in by the form."""
        token = re.search(r'name="form_token" value="([^"]+)"', self.ask("/login")[1])
        assert token
        fields = {"form_token": token[1], "name": name, "password": password}
        return self.ask("/login", fields)[0].status


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
def test_every_way_in(tmp_path: Path, request: pytest.FixtureRequest, server: str) -> None:
    """Key, account, token and header of a proxy; without any a guest. Nothing secret is in the log."""
    source = write_source(tmp_path / "articles.jsonl", RECORDS)
    environment = environment_with(
        engine=f"embedded:{tmp_path}/data",
        model="none",
        token_key=SECRET,
        role_header="X-Gongwen-Role",
        trusted_proxies="127.0.0.1",
        secure_cookies="false",
    )

    def gongwen(*arguments: str, typed: str = "") -> str:
        code = "from indexer.commands.main import main; main()"
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(
            command,
            env=environment,
            input=typed,
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        return done.stdout

    gongwen("index", str(source))
    key = gongwen("keys", "create", "portal", "--role", "member").strip()
    gongwen("users", "create", "wang", "--role", "staff", typed=f"{PASSWORD}\n")
    assert "wang\tstaff" in gongwen("users", "list")
    assert "portal\tmember" in gongwen("keys", "list")

    with serving(server, environment) as served:
        assert Browser(served.port).total() == 0
        assert Browser(served.port).total(Authorization=f"Bearer {key}") == 1
        assert Browser(served.port).total(X_Gongwen_Role="staff") == 2

        person = Browser(served.port)
        assert person.log_in("wang", "not this one") == 401
        assert person.log_in("wang", PASSWORD) == 303
        assert person.total() == 2
        gongwen("users", "disable", "wang")
        assert person.ask(SEARCH)[0].status == 401

        gongwen("keys", "revoke", "portal")
        assert person.ask(SEARCH, Authorization=f"Bearer {key}")[0].status == 401

        link = php_link(request.config, tmp_path, "member")
        address = urlsplit(link)
        visitor = Browser(served.port)
        done, _ = visitor.ask(f"{address.path}?{address.query}")
        assert (done.status, done.headers["Location"]) == (303, "/search?q=%E5%B0%8F%E5%8C%BA")
        assert visitor.total() == 1
        again, _ = Browser(served.port).ask(f"{address.path}?{address.query}")
        assert again.status == 401
    log = "\n".join(served.lines)
    assert "insecure-cookies" in log
    for secret in (key, PASSWORD, "not this one", SECRET, visitor.cookies["gongwen_session"], link):
        assert secret not in log
