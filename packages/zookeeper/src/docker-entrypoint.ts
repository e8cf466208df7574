/**
 * What an official `zookeeper` image does before it runs its command: zoo.cfg and myid by `ZOO_*` variables, unless they are there.
 *
 * Source: docker-entrypoint.sh of the Docker Official Image `zookeeper`.
 */
export const DOCKER_ENTRYPOINT = `#!/bin/sh
# Writes $ZOO_CONF_DIR/zoo.cfg and $ZOO_DATA_DIR/myid by ZOO_* variables, unless they are there, and becomes the command it is given.
set -e

config=$ZOO_CONF_DIR/zoo.cfg
if [ ! -f "$config" ]; then
  mkdir -p "$ZOO_CONF_DIR"
  {
    echo "dataDir=$ZOO_DATA_DIR"
    echo "dataLogDir=$ZOO_DATA_LOG_DIR"
    echo "tickTime=$ZOO_TICK_TIME"
    echo "initLimit=$ZOO_INIT_LIMIT"
    echo "syncLimit=$ZOO_SYNC_LIMIT"
    echo "autopurge.snapRetainCount=$ZOO_AUTOPURGE_SNAPRETAINCOUNT"
    echo "autopurge.purgeInterval=$ZOO_AUTOPURGE_PURGEINTERVAL"
    echo "maxClientCnxns=$ZOO_MAX_CLIENT_CNXNS"
    echo "standaloneEnabled=$ZOO_STANDALONE_ENABLED"
    echo "admin.enableServer=$ZOO_ADMINSERVER_ENABLED"
    # Each is a word of its own; a member without a client port has none at all here.
    for server in \${ZOO_SERVERS:-"server.1=localhost:2888:3888;2181"}; do echo "$server"; done
    if [ -n "$ZOO_4LW_COMMANDS_WHITELIST" ]; then echo "4lw.commands.whitelist=$ZOO_4LW_COMMANDS_WHITELIST"; fi
    for line in $ZOO_CFG_EXTRA; do echo "$line"; done
  } >"$config"
fi
mkdir -p "$ZOO_DATA_DIR" "$ZOO_DATA_LOG_DIR"
if [ ! -f "$ZOO_DATA_DIR/myid" ]; then echo "\${ZOO_MY_ID:-1}" >"$ZOO_DATA_DIR/myid"; fi

exec "$@"
`;

/** The variables that the image sets; the rest are unset. */
export const DOCKER_ENVIRONMENT: Readonly<Record<string, string>> = {
  ZOO_CONF_DIR: "/conf",
  ZOO_DATA_DIR: "/data",
  ZOO_DATA_LOG_DIR: "/datalog",
  ZOO_LOG_DIR: "/logs",
  ZOO_TICK_TIME: "2000",
  ZOO_INIT_LIMIT: "5",
  ZOO_SYNC_LIMIT: "2",
  ZOO_AUTOPURGE_PURGEINTERVAL: "0",
  ZOO_AUTOPURGE_SNAPRETAINCOUNT: "3",
  ZOO_MAX_CLIENT_CNXNS: "60",
  ZOO_STANDALONE_ENABLED: "true",
  ZOO_ADMINSERVER_ENABLED: "true",
  ZOOCFGDIR: "/conf",
};
