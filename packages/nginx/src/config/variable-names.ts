/** The variables that nginx's http modules define; a name outside is an error in a configuration. */

/** Variables that have a value here. */
export const SERVED_VARIABLES = [
  "args",
  "body_bytes_sent",
  "bytes_sent",
  "connection",
  "connection_requests",
  "connection_time",
  "content_length",
  "content_type",
  "document_root",
  "document_uri",
  "host",
  "hostname",
  "is_args",
  "limit_rate",
  "msec",
  "nginx_version",
  "pid",
  "pipe",
  "query_string",
  "realpath_root",
  "remote_addr",
  "remote_port",
  "remote_user",
  "request",
  "request_completion",
  "request_filename",
  "request_id",
  "request_length",
  "request_method",
  "request_time",
  "request_uri",
  "scheme",
  "server_addr",
  "server_name",
  "server_port",
  "server_protocol",
  "status",
  "time_iso8601",
  "time_local",
  "uri",
  "https",
  "binary_remote_addr",
] as const;

const SERVED = new Set<string>(SERVED_VARIABLES);

/** Known to nginx, without a value here: what they tell about is not served. */
const EMPTY_VARIABLES = new Set(
  (
    "ancient_browser connections_active connections_reading connections_waiting connections_writing date_gmt date_local " +
    "fastcgi_path_info fastcgi_script_name gzip_ratio http2 http3 invalid_referer limit_conn_status limit_req_status memcached_key " +
    "modern_browser msie proxy_add_x_forwarded_for proxy_host proxy_port proxy_protocol_addr proxy_protocol_port " +
    "proxy_protocol_server_addr proxy_protocol_server_port realip_remote_addr realip_remote_port request_body request_body_file " +
    "secure_link secure_link_expires slice_range tcpinfo_rcv_space tcpinfo_rtt tcpinfo_rttvar tcpinfo_snd_cwnd uid_got uid_reset uid_set " +
    "upstream_addr upstream_bytes_received upstream_bytes_sent upstream_cache_status upstream_connect_time upstream_header_time " +
    "upstream_http_ upstream_response_length upstream_response_time upstream_status"
  ).split(" "),
);

const PREFIXES = [
  "http_",
  "arg_",
  "cookie_",
  "sent_http_",
  "sent_trailer_",
  "upstream_http_",
  "upstream_cookie_",
  "upstream_trailer_",
  "ssl_",
  "proxy_protocol_tlv_",
  "geoip_",
  "jwt_",
];

export function isKnownVariable(name: string): boolean {
  return SERVED.has(name) || EMPTY_VARIABLES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix));
}
