"""Pushes to a real `gongwen serve`: from a real PHP, and from several clients while the server is killed."""

import json
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from search_service.engines import Scope
from search_service.model import Audience
from tests.support.paths import ROOT
from tests.support.pushing import Place, finish, made, served, storm

EXAMPLES = ROOT / "docs" / "examples"


@pytest.fixture(params=["embedded", pytest.param("elastic", marks=pytest.mark.elasticsearch)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An index of each engine with one article, without a model."""
    address = f"embedded:{tmp_path}/index"
    if request.param == "elastic":
        address = f"{request.getfixturevalue('elasticsearch_url')}-{uuid.uuid4().hex[:8]}"
    with made(address, tmp_path) as opened:
        yield opened


PHP = """<?php
require $argv[1];
$gongwen = new Gongwen($argv[2], $argv[3]);
$record = ['title' => '关于防汛的通知', 'body' => '同志们：底线是一户不漏。', 'audience' => 'public'];
$answer = $gongwen->put('栏目/1', $record);
$deadline = microtime(true) + 30;
do {
    usleep(50000);
    $found = $gongwen->search(['q' => '一户不漏', 'mode' => 'keyword']);
} while ($found['total'] === 0 && microtime(true) < $deadline);
$results = $gongwen->bulk([['id' => 'bad'], ['id' => '栏目/1', 'deleted' => true]]);
$gongwen->delete('nobody');
try {
    (new Gongwen($argv[2], 'gw_wrong'))->delete('first');
    $refused = '';
} catch (RuntimeException $error) {
    $refused = $error->getMessage();
}
echo json_encode([$answer['id'], $found['results'][0]['id'], array_column($results, 'state'), $refused]);
"""
# The functions of WordPress that the plugin calls.
WORDPRESS = """<?php
define('ABSPATH', '/');
define('GONGWEN_ADDRESS', $argv[2]);
define('GONGWEN_KEY', $argv[3]);
class WP_Post { public $ID, $post_status = 'publish', $post_type = 'post', $post_password = '';
    public $post_title, $post_content, $post_date = '2024-05-06 07:08:09';
    function __construct($id, $title, $content) {
        [$this->ID, $this->post_title, $this->post_content] = [$id, $title, $content]; } }
$hooks = [];
function add_action($name, $call) { global $hooks; $hooks[$name] = $call; }
function wp_get_post_tags($id, $options) { return ['防汛', '值班']; }
function wp_is_post_revision($id) { return false; }
function wp_is_post_autosave($id) { return false; }
require $argv[1];
$free = new WP_Post(7, '免费的', '<p>全部公开。</p>');
$paid = new WP_Post(8, '收费的', '<p>导语。</p>[vip]<p>密令</p>[/vip]<p>结语。</p>');
$open = new WP_Post(9, '没有写完的', '<p>导语。</p>[vip level="2"]<p>密令</p>');
foreach ([$free, $paid, $open] as $post) { $hooks['wp_after_insert_post']($post->ID, $post); }
$free->post_status = 'draft';
$hooks['wp_after_insert_post'](7, $free);
"""


def php(script: str, *arguments: object) -> str:
    """Run a script with the real PHP; its output."""
    found = shutil.which("php")
    if found is None:
        pytest.skip("needs php")
    path = Path(str(arguments[0])).parent / "script.php"
    path.write_text(script, encoding="utf-8")
    done = subprocess.run(
        [found, str(path), *map(str, arguments[1:])],
        check=True,
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    return done.stdout


def test_php_pushes_and_searches(place: Place, tmp_path: Path) -> None:
    """The client of the documentation, and the plugin: paid parts stay out of what guests read."""
    with served(place) as (_, port):
        address = f"http://127.0.0.1:{port}"
        script = tmp_path / "php"
        output = php(PHP, script, EXAMPLES / "gongwen.php", address, place.key)
        id, found, states, refused = json.loads(output)
        assert (id, found, states) == ("栏目/1", "栏目/1", ["invalid", "pending"])
        assert "401" in refused
        output = php(WORDPRESS, script, EXAMPLES / "wordpress-gongwen.php", address, place.key)
        assert output == ""
        finish(place)
        texts = place.texts()
    assert set(texts) == {"first", "8", "9"}
    assert "密令" not in texts["8"] + texts["9"]
    assert "结语" in texts["8"]
    member = place.service.engine.reader(Scope(Audience.MEMBER)).fetch(["8"])["8"].view
    assert "密令" in member.text
    assert (member.keywords, member.date) == (("防汛", "值班"), "2024-05-06")


@pytest.mark.slow
def test_the_outcome_is_that_of_the_ledger_whatever_is_killed(place: Place) -> None:
    """Four clients, duplicates, late versions, deletions; the server is killed at random moments."""
    done = storm(place, pushes=200, kills=4, seed=7)
    assert done.kills >= 2
    assert done.articles >= 12
