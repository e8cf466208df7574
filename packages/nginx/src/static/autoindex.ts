/** Listings of folders (src/http/modules/ngx_http_autoindex_module.c). Names and the result are byte strings. */
import type { Settings } from "../config/model.ts";
import { formatListDate } from "../http/date.ts";

export interface ListedFile {
  readonly name: string;
  readonly folder: boolean;
  readonly file: boolean;
  readonly size: number;
  readonly mtimeMs: number;
}

/** Characters of a name that the page shows. */
const NAME_CHARACTERS = 50;

/** Folders first, then by octets. */
export function sortListing(files: readonly ListedFile[]): readonly ListedFile[] {
  return [...files].sort((a, b) => {
    if (a.folder !== b.folder) return a.folder ? -1 : 1;
    return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
  });
}

export function listAsHtml(path: string, files: readonly ListedFile[], settings: Settings): string {
  const title = escapeHtml(path);
  let page =
    `<html>\r\n<head><title>Index of ${title}</title></head>\r\n<body>\r\n` +
    `<h1>Index of ${title}</h1><hr><pre><a href="../">../</a>\r\n`;
  for (const file of files) {
    page += `<a href="${escapeComponent(file.name)}${file.folder ? "/" : ""}">${linkText(file)}`;
    page += ` ${formatListDate(file.mtimeMs, settings.autoindexLocaltime)} `;
    page += `${settings.autoindexExactSize ? exactSize(file) : roundedSize(file)}\r\n`;
  }
  return `${page}</pre><hr></body>\r\n</html>\r\n`;
}

/** The name and the end of its link, cut or padded to a column. */
function linkText(file: ListedFile): string {
  if (file.name.length > NAME_CHARACTERS) return `${escapeHtml(file.name.slice(0, NAME_CHARACTERS - 3))}..&gt;</a>`;
  const slash = file.folder && file.name.length < NAME_CHARACTERS ? "/" : "";
  return `${escapeHtml(file.name)}${slash}</a>${" ".repeat(NAME_CHARACTERS - file.name.length - slash.length)}`;
}

function exactSize(file: ListedFile): string {
  return file.folder ? "-".padStart(19) : String(file.size).padStart(19);
}

function roundedSize(file: ListedFile): string {
  if (file.folder) return "      -";
  if (file.size > 2 ** 30 - 1) return scaled(file.size, 2 ** 30, "G");
  if (file.size > 2 ** 20 - 1) return scaled(file.size, 2 ** 20, "M");
  if (file.size > 9999) return scaled(file.size, 2 ** 10, "K");
  return ` ${String(file.size).padStart(6)}`;
}

function scaled(size: number, unit: number, name: string): string {
  return String(Math.floor(size / unit) + (size % unit > unit / 2 - 1 ? 1 : 0)).padStart(6) + name;
}

export function listAsJson(files: readonly ListedFile[], callback: string | undefined): string {
  const lines = files.map((file) => {
    const type = file.folder ? "directory" : file.file ? "file" : "other";
    const size = file.file ? `, "size":${file.size}` : "";
    return `{ "name":"${escapeJson(file.name)}", "type":"${type}", "mtime":"${httpDate(file)}"${size} }`;
  });
  const text = `[\r\n${lines.join(",\r\n")}\r\n]`;
  return callback === undefined ? text : `/* callback */\r\n${callback}(${text});`;
}

export function listAsXml(files: readonly ListedFile[]): string {
  const lines = files.map((file) => {
    const type = file.folder ? "directory" : file.file ? "file" : "other";
    const size = file.file ? ` size="${file.size}"` : "";
    const mtime = new Date(file.mtimeMs).toISOString().replace(/\.\d+Z$/, "Z");
    return `<${type} mtime="${mtime}"${size}>${escapeHtml(file.name)}</${type}>\r\n`;
  });
  return `<?xml version="1.0"?>\r\n<list>\r\n${lines.join("")}</list>\r\n`;
}

function httpDate(file: ListedFile): string {
  return new Date(file.mtimeMs).toUTCString();
}

function escapeHtml(text: string): string {
  return text.replace(/[<>&"]/g, (ch) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" })[ch] ?? ch);
}

function escapeJson(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/["\\\x00-\x1f]/g, (ch) => {
    const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", '"': '\\"', "\\": "\\\\" }[ch];
    return short ?? `\\u${ch.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  });
}

/** NGX_ESCAPE_URI_COMPONENT: everything but the unreserved characters. */
function escapeComponent(name: string): string {
  return name.replace(/[^A-Za-z0-9\-._~]/g, (ch) => `%${ch.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}
