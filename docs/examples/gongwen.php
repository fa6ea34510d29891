<?php
/**
 * 公文检索的 PHP 客户端：保存、删除时推送，检索。只用 PHP 7.4 以上自带的函数。
 * A client of the search service: push on save and delete, search. Needs nothing but PHP 7.4 or later.
 *
 *     require 'gongwen.php';
 *     $gongwen = new Gongwen('http://127.0.0.1:8000', 'gongwen_…');   // 密钥的身份是 indexer
 *     $gongwen->put('10001', ['title' => $title, 'body' => $body, 'audience' => 'public']);
 *     $gongwen->delete('10001');
 *     $found = $gongwen->search(['q' => '防汛', 'size' => 10]);
 *
 * 推送失败（网络不通、服务重启）抛出 RuntimeException：记入日志即可，晚上的 gongwen sync 会补上。
 */
class Gongwen
{
    private string $address;
    private string $key;
    private float $timeout;

    public function __construct(string $address, string $key = '', float $timeout = 5.0)
    {
        $this->address = rtrim($address, '/') . '/api/v1/';
        $this->key = $key;
        $this->timeout = $timeout;
    }

    /** 新增或更新一篇；$source 是 gongwen sync --name 的名字。Add or replace an article. */
    public function put(string $id, array $record, string $source = ''): array
    {
        return $this->call('PUT', $this->article($id) . ($source === '' ? '' : '?source=' . rawurlencode($source)), $record);
    }

    /** 删除一篇；已经没有的也算成功。Delete an article; one that is gone already is fine. */
    public function delete(string $id): void
    {
        $this->call('DELETE', $this->article($id), null, [404]);
    }

    /** 一次推送多篇，各有各的结果。Several records, each with its own outcome. */
    public function bulk(array $records, string $source = ''): array
    {
        $query = $source === '' ? '' : '?source=' . rawurlencode($source);
        return $this->call('POST', 'articles:bulk' . $query, ['articles' => $records])['results'];
    }

    /** 检索；参数同 GET search。Search; the parameters are those of GET search. */
    public function search(array $parameters): array
    {
        return $this->call('GET', 'search?' . http_build_query($parameters));
    }

    private function article(string $id): string
    {
        return 'articles/' . implode('/', array_map('rawurlencode', explode('/', $id)));
    }

    private function call(string $method, string $path, ?array $body = null, array $fine = []): array
    {
        $headers = ['Accept: application/json'];
        if ($this->key !== '') {
            $headers[] = 'Authorization: Bearer ' . $this->key;
        }
        $options = ['method' => $method, 'timeout' => $this->timeout, 'ignore_errors' => true];
        if ($body !== null) {
            $headers[] = 'Content-Type: application/json';
            $options['content'] = json_encode($body, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
        }
        $options['header'] = $headers;
        $answer = @file_get_contents($this->address . $path, false, stream_context_create(['http' => $options]));
        if ($answer === false) {
            throw new RuntimeException("search service unreachable: $method $path");
        }
        preg_match('/ (\d{3})/', $http_response_header[0], $status);
        $values = json_decode($answer, true);
        if ((int) $status[1] >= 400 && !in_array((int) $status[1], $fine, true)) {
            throw new RuntimeException("$method $path: $status[1] " . ($values['detail'] ?? ''));
        }
        return is_array($values) ? $values : [];
    }
}
