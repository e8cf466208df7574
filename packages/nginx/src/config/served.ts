/**
 * What this server does about the directives of nginx that it does not serve: nothing, where nothing can be noticed; a warning by
 * name; an error, where serving without it would open or reveal what the configuration protects.
 */
import { at, ConfigError } from "./config-error.ts";
import type { Directive } from "./parse.ts";

/** Takes note of a directive that nginx knows and this server does not serve. Throws ConfigError when it must not be ignored. */
export function noteUnserved(directive: Directive, warnings: string[]): void {
  switch (unserved(directive)) {
    case "refuse":
      throw new ConfigError(
        `the "${directive.name}" directive restricts access or encrypts and is not served here`,
        directive,
      );
    case "warn":
      warnings.push(`the "${directive.name}" directive is not served here, ignored${at(directive)}`);
      break;
    default:
  }
}

export type Unserved = "silent" | "warn" | "refuse";

/** They tune how nginx works inside, or how it reads bodies, which nothing here does. What clients see does not depend on them. */
const SILENT = new Set(
  (
    "accept_mutex accept_mutex_delay aio aio_write client_body_timeout client_body_buffer_size client_body_in_file_only client_body_in_single_buffer " +
    "client_body_temp_path connection_pool_size debug_connection debug_points directio directio_alignment env epoll_events " +
    "eventport_events kqueue_changes kqueue_events devpoll_changes devpoll_events lock_file map_hash_bucket_size map_hash_max_size master_process " +
    "multi_accept open_file_cache_events open_log_file_cache output_buffers pcre_jit postpone_output read_ahead " +
    "request_pool_size rewrite_log send_lowat sendfile sendfile_max_chunk server_names_hash_bucket_size server_names_hash_max_size " +
    "subrequest_output_buffer_size tcp_nodelay tcp_nopush thread_pool timer_resolution types_hash_bucket_size types_hash_max_size " +
    "uninitialized_variable_warn use variables_hash_bucket_size variables_hash_max_size worker_aio_requests worker_cpu_affinity " +
    "worker_priority worker_processes worker_rlimit_core worker_rlimit_nofile working_directory log_subrequest " +
    "open_file_cache_min_uses open_file_cache_errors proxy_headers_hash_bucket_size proxy_headers_hash_max_size break"
  ).split(" "),
);

const REFUSED = new Set(
  (
    "allow auth_basic auth_basic_user_file auth_delay auth_jwt auth_request auth_request_set deny disable_symlinks if limit_conn limit_conn_zone " +
    "limit_except limit_rate limit_rate_after limit_req limit_req_zone satisfy secure_link secure_link_md5 secure_link_secret " +
    "valid_referers ssl ssl_certificate ssl_certificate_key ssl_client_certificate ssl_crl ssl_ocsp ssl_password_file " +
    "ssl_reject_handshake ssl_trusted_certificate ssl_verify_client"
  ).split(" "),
);

/** Arguments with which a refused directive protects nothing. */
const HARMLESS: ReadonlyMap<string, readonly string[]> = new Map([
  ["allow", ["all"]],
  ["auth_basic", ["off"]],
  ["auth_request", ["off"]],
  ["auth_delay", ["0", "0s"]],
  ["disable_symlinks", ["off"]],
  ["limit_rate", ["0"]],
  ["limit_rate_after", ["0"]],
  ["satisfy", ["all"]],
  ["ssl", ["off"]],
  ["ssl_reject_handshake", ["off"]],
  ["ssl_verify_client", ["off"]],
  ["ssl_ocsp", ["off"]],
]);

function unserved(directive: Directive): Unserved {
  if (SILENT.has(directive.name)) return "silent";
  if (!REFUSED.has(directive.name)) return "warn";
  return HARMLESS.get(directive.name)?.includes(directive.args.join(" ")) === true ? "silent" : "refuse";
}
