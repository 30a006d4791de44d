# rabbitmq-server, with the public image's environment.
set -e
printf 'default_user = %s\ndefault_pass = %s\n' "$RABBITMQ_DEFAULT_USER" "$RABBITMQ_DEFAULT_PASS" >/data/rabbitmq.conf
export RABBITMQ_MNESIA_BASE=/data/mnesia RABBITMQ_LOG_BASE=/data/log RABBITMQ_LOGS=- RABBITMQ_PID_FILE=/data/pid
export RABBITMQ_CONFIG_FILE=/data/rabbitmq RABBITMQ_ENABLED_PLUGINS_FILE=/data/plugins RABBITMQ_NODENAME=rabbit@localhost
# Two schedulers that don't spin while they wait: it is one of several servers on a small machine.
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none'
for server in /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server; do exec "$server"; done
