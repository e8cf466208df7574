/** The files of a container image of the web server, laid out as in the original's image. */
import { fileURLToPath } from "node:url";

import { nodeBinary } from "@ordinal/io";

const ENTRY = fileURLToPath(new URL("./cli/entry.ts", import.meta.url));

/** How to run the server: an absolute Node 26 and the program. Flags of nginx follow. */
export const nginxProgram: readonly string[] = [nodeBinary(ENTRY), ENTRY];

export interface ContainerFile {
  /** Absolute path inside the container. */
  readonly path: string;
  readonly content: string;
}

const NGINX_CONF = `worker_processes  auto;

error_log  /dev/stderr notice;
pid        /run/nginx.pid;

events {
    worker_connections  1024;
}

http {
    include       /etc/nginx/mime.types;
    default_type  application/octet-stream;

    log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';

    access_log  /dev/stdout  main;

    sendfile        on;
    keepalive_timeout  65;

    include /etc/nginx/conf.d/*.conf;
}
`;

const DEFAULT_CONF = `server {
    listen       80;
    server_name  localhost;

    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }

    error_page   500 502 503 504  /50x.html;
    location = /50x.html {
        root   /usr/share/nginx/html;
    }
}
`;

/** Content type and its extensions, a line each. */
const MIME_TYPES = `
text/html html htm shtml
text/css css
text/xml xml
image/gif gif
image/jpeg jpeg jpg
application/javascript js
application/atom+xml atom
application/rss+xml rss
text/mathml mml
text/plain txt
text/vnd.sun.j2me.app-descriptor jad
text/vnd.wap.wml wml
text/x-component htc
image/avif avif
image/png png
image/svg+xml svg svgz
image/tiff tif tiff
image/vnd.wap.wbmp wbmp
image/webp webp
image/x-icon ico
image/x-jng jng
image/x-ms-bmp bmp
font/woff woff
font/woff2 woff2
application/java-archive jar war ear
application/json json
application/mac-binhex40 hqx
application/msword doc
application/pdf pdf
application/postscript ps eps ai
application/rtf rtf
application/vnd.apple.mpegurl m3u8
application/vnd.google-earth.kml+xml kml
application/vnd.google-earth.kmz kmz
application/vnd.ms-excel xls
application/vnd.ms-fontobject eot
application/vnd.ms-powerpoint ppt
application/vnd.oasis.opendocument.graphics odg
application/vnd.oasis.opendocument.presentation odp
application/vnd.oasis.opendocument.spreadsheet ods
application/vnd.oasis.opendocument.text odt
application/vnd.openxmlformats-officedocument.presentationml.presentation pptx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
application/vnd.wap.wmlc wmlc
application/wasm wasm
application/x-7z-compressed 7z
application/x-cocoa cco
application/x-java-archive-diff jardiff
application/x-java-jnlp-file jnlp
application/x-makeself run
application/x-perl pl pm
application/x-pilot prc pdb
application/x-rar-compressed rar
application/x-redhat-package-manager rpm
application/x-sea sea
application/x-shockwave-flash swf
application/x-stuffit sit
application/x-tcl tcl tk
application/x-x509-ca-cert der pem crt
application/x-xpinstall xpi
application/xhtml+xml xhtml
application/xspf+xml xspf
application/zip zip
application/octet-stream bin exe dll deb dmg iso img msi msp msm
audio/midi mid midi kar
audio/mpeg mp3
audio/ogg ogg
audio/x-m4a m4a
audio/x-realaudio ra
video/3gpp 3gpp 3gp
video/mp2t ts
video/mp4 mp4
video/mpeg mpeg mpg
video/quicktime mov
video/webm webm
video/x-flv flv
video/x-m4v m4v
video/x-mng mng
video/x-ms-asf asx asf
video/x-ms-wmv wmv
video/x-msvideo avi`;

function mimeTypes(): string {
  const lines = MIME_TYPES.trim()
    .split("\n")
    .map((line) => {
      const [type = "", ...extensions] = line.split(" ");
      return `    ${type.padEnd(46)} ${extensions.join(" ")};`;
    });
  return `types {\n${lines.join("\n")}\n}\n`;
}

const INDEX_HTML = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Welcome to nginx!</title>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>This page comes from Ordinal's web server, which reads nginx.conf. Put files of your own into
/usr/share/nginx/html and they are served in its place.</p>
</body>
</html>
`;

const ERROR_HTML = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Error</title>
</head>
<body>
<h1>Something went wrong.</h1>
<p>The server could not answer this request. Its error log says why.</p>
</body>
</html>
`;

export const containerFiles: readonly ContainerFile[] = [
  { path: "/etc/nginx/nginx.conf", content: NGINX_CONF },
  { path: "/etc/nginx/mime.types", content: mimeTypes() },
  { path: "/etc/nginx/conf.d/default.conf", content: DEFAULT_CONF },
  { path: "/usr/share/nginx/html/index.html", content: INDEX_HTML },
  { path: "/usr/share/nginx/html/50x.html", content: ERROR_HTML },
];
