<?php
/**
 * Plugin Name: 公文检索
 * Description: 文章发布、修改、撤下、删除时告诉检索服务。Tells the search service of every change of a post.
 * Version: 1.0
 * License: MIT
 *
 * 把本文件和 gongwen.php 放进 wp-content/plugins/gongwen/，在 wp-config.php 里写上：
 *     define('GONGWEN_ADDRESS', 'http://127.0.0.1:8000');
 *     define('GONGWEN_KEY', 'gongwen_…');             // gongwen keys create 门户 --role indexer
 *     define('GONGWEN_SOURCE', '…');             // gongwen sync --name 的名字，可不写
 *     define('GONGWEN_PAID', 'vip,pay');         // 收费部分的短代码，默认 vip
 * 收录的范围与 gongwen connect 的 WordPress 映射相同：公开的文章和页面，收费部分不给游客。
 */
if (!defined('ABSPATH')) {
    exit;
}
require_once __DIR__ . '/gongwen.php';

/** 是否收录：已发布、没有密码的文章和页面。Whether a post is indexed. */
function gongwen_includes(WP_Post $post): bool
{
    return $post->post_status === 'publish' && $post->post_password === ''
        && in_array($post->post_type, ['post', 'page'], true);
}

/** 一篇文章的记录；有收费部分的，游客只读其余。The record of a post; guests do not read its paid parts. */
function gongwen_record(WP_Post $post): array
{
    $names = array_map('preg_quote', explode(',', defined('GONGWEN_PAID') ? GONGWEN_PAID : 'vip'));
    $paid = '~\[(' . implode('|', $names) . ')\b[^\]]*\](?:.*?\[/\1\]|.*)~su';
    $marks = '~\[/?(?:' . implode('|', $names) . ')\b[^\]]*\]~u';
    $record = [
        'title' => $post->post_title,
        'body' => preg_replace($marks, '', $post->post_content),
        'date' => substr($post->post_date, 0, 10),
        'url' => '/?p=' . $post->ID,
        'keywords' => implode(',', wp_get_post_tags($post->ID, ['fields' => 'names'])),
        'audience' => 'public',
    ];
    $free = preg_replace($paid, '', $post->post_content);
    if ($free === null || $free !== $post->post_content) {
        $record['preview'] = (string) $free;  // null：正则出错，游客什么也读不到
    }
    return $record;
}

/** 推送一篇；失败只记日志，由晚上的 gongwen sync 补上。Push a post; a failure is only logged. */
function gongwen_push(int $id, ?WP_Post $post): void
{
    if (wp_is_post_revision($id) || wp_is_post_autosave($id)) {
        return;
    }
    $gongwen = new Gongwen(GONGWEN_ADDRESS, GONGWEN_KEY);
    try {
        if ($post !== null && gongwen_includes($post)) {
            $gongwen->put((string) $id, gongwen_record($post), defined('GONGWEN_SOURCE') ? GONGWEN_SOURCE : '');
        } else {
            $gongwen->delete((string) $id);
        }
    } catch (Exception $error) {
        error_log('gongwen: ' . $error->getMessage());
    }
}

add_action('wp_after_insert_post', function (int $id, WP_Post $post): void {
    gongwen_push($id, $post);
}, 10, 2);
add_action('trashed_post', function (int $id): void {
    gongwen_push($id, null);
});
add_action('deleted_post', function (int $id): void {
    gongwen_push($id, null);
});
