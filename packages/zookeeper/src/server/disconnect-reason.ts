/** Why a connection ended. Source: org.apache.zookeeper.server.ServerCnxn.DisconnectReason. */
export type DisconnectReason =
  | "server_shutdown"
  | "connection_expired"
  | "client_closed_session"
  | "unable_to_read_from_client"
  | "not_read_only_client"
  | "renew_global_session_in_ro_mode"
  | "client_zxid_ahead"
  | "client_reconnect"
  | "io_exception"
  | "io_exception_in_session_init"
  | "sasl_auth_failure"
  | "close_connection_command"
  | "connection_mode_changed"
  | "shed_connections_command";
