/** The users and groups that a container knows: the machine's own are nobody's business there. */
const BASE_PASSWD = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`;
const BASE_GROUP = `root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
mail:x:8:
www-data:x:33:
nogroup:x:65534:
`;

export interface Accounts {
  readonly passwd: string;
  readonly group: string;
  /** Home folder of the user that the container runs as. */
  readonly home: string;
}

/**
 * /etc/passwd and /etc/group of a container. `passwd` and `group` are the image's own files when it brings them. A user
 * that nobody named gets an entry called `default`, as CRI-O does it, so that programs which ask for their user's name
 * find one.
 */
export function containerAccounts(
  user: number,
  group: number,
  image: { readonly passwd: string | undefined; readonly group: string | undefined },
): Accounts {
  let passwd = withNewline(image.passwd ?? BASE_PASSWD);
  let groups = withNewline(image.group ?? BASE_GROUP);
  const entry = passwd.split("\n").find((line) => line.split(":")[2] === String(user));
  let home = entry?.split(":")[5] ?? "/";
  if (home === "") home = "/";
  if (entry === undefined) passwd += `default:x:${user}:${group}:default user:/:/sbin/nologin\n`;
  if (!groups.split("\n").some((line) => line.split(":")[2] === String(group))) groups += `default:x:${group}:\n`;
  return { passwd, group: groups, home };
}

function withNewline(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
