# redis-server [OPTION...], as the public image takes it.
exec "$@" --dir /data
