#!/usr/bin/env bash
# Makes the two users of the service in Elasticsearch's file realm, then becomes the command given.
#
#   bash elasticsearch-start.sh /usr/local/bin/docker-entrypoint.sh eswrapper
#
# What each may do stands in roles.yml beside this file. Passwords come from the environment and go
# through a pipe, so that no list of processes shows them. bash, for sh drops names with dots, which
# hold the settings of the container.
set -euo pipefail
cd "${ES_HOME:-/usr/share/elasticsearch}"
config=${ES_PATH_CONF:-$PWD/config}

add() {
  printf '%s\n%s\n' "$2" "$2" | bin/elasticsearch-users useradd "$1" -r "$1" >/dev/null
}

# From nothing at every start: a container that starts again has them already, perhaps with the
# passwords of yesterday.
: >"$config/users"
: >"$config/users_roles"
add gongwen_reader "$GONGWEN_READER_PASSWORD"
add gongwen_indexer "$GONGWEN_INDEXER_PASSWORD"
unset GONGWEN_READER_PASSWORD GONGWEN_INDEXER_PASSWORD

exec "$@"
