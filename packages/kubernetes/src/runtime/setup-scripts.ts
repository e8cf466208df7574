/**
 * The shell scripts between `spawn` and a container's program. They run on the path that decides how fast a pod starts,
 * so they call as few programs as possible. Each reports on file descriptor 3: `error WORDS` or its own lines.
 */

/** Shared by all: from here on complaints of tools go to the report, not to the container's log. */
const REPORT = `
fail() { printf 'error %s\\n' "$*" >&3; exit 125; }
`;

/**
 * Makes /dev for all containers. Argument: folder for it. Says `sysfs` when pods may have a /sys of their own.
 * A pseudo-terminal's name (`tty`) means the same in the agent, which opens them, and in containers.
 */
export const RUNTIME_SETUP = `set -e
dev=$1
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts /dev/pts
mkdir -p "$dev"
mount -t tmpfs -o mode=0755,size=64k devices "$dev"
cd "$dev"
for name in full null random tty urandom zero; do
  : > $name
  mount --bind /dev/$name $name
done
mkdir pts shm
mount --bind /dev/pts pts
ln -s pts/ptmx ptmx
ln -s /proc/self/fd fd
ln -s /proc/self/fd/0 stdin
ln -s /proc/self/fd/1 stdout
ln -s /proc/self/fd/2 stderr
# Refused where the machine's own /sys has something mounted over a part of it, as inside Docker.
if unshare --net --mount -- mount -t sysfs sysfs /sys 2>/dev/null; then echo sysfs; fi
`;

/**
 * Becomes the pod's sandbox inside fresh network, UTS, IPC and mount namespaces, and holds them until its standard input
 * ends. Arguments: hostname, address, prefix length, hardware address, name of the link's outer end, bridge to hang it
 * on, process whose network namespace has that bridge, folder for shared memory.
 */
export const SANDBOX_SCRIPT = `${REPORT}
exec 2>&3
echo "$1" 2>/dev/null >/proc/sys/kernel/hostname || hostname "$1" || fail "cannot set the hostname"
echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet || fail "cannot route loopback addresses"
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start || fail "cannot open low ports"
echo 0 0 >/proc/sys/net/ipv4/ping_group_range 2>/dev/null
ip -batch - <<END || fail "cannot make the pod's link"
link set lo up
address delete 127.0.0.1/8 dev lo
address add 127.0.0.1/16 dev lo
link add eth0 address $4 type veth peer name $5 netns $7
address add $2/$3 dev eth0
link set eth0 up
END
nsenter --net=/proc/$7/ns/net ip link set $5 master $6 up || fail "cannot connect the pod's link"
mount -t tmpfs -o mode=1777,size=64m,nosuid,nodev shm "$8" || fail "cannot make shared memory"
echo ready >&3
exec 3>&-
read -r _
`;

/**
 * Around both ways into a container: a shell outside of its PID namespace waits for a subshell inside and passes its exit
 * status on. On a terminal the subshell gets a process group of its own in the foreground, so that Ctrl-C ends the program
 * and not the shell that waits for it; Ctrl-Z stops nothing, as in a container nobody is there to continue it. What the
 * outer shell would say about a killed program is nobody's business.
 */
const inside = (script: string) => `${REPORT}
exec 4>&2 2>/dev/null
if [ -t 0 ]; then trap '' TSTP; set -m; fi
(
exec 2>&3
${script}
)
exit $?
`;

/** The end of both ways: find the program, say so, become it. */
const BECOME_PROGRAM = `
name=$1 path=$2
shift 2
case $name in
*/*)
  [ -e "$name" ] || fail "exec: \\"$name\\": stat $name: no such file or directory"
  [ ! -d "$name" ] || fail "exec: \\"$name\\": is a directory"
  [ -x "$name" ] || fail "exec: \\"$name\\": permission denied"
  ;;
*)
  found=
  IFS=:
  set -f
  for folder in $path; do
    if [ -f "\${folder:-.}/$name" ] && [ -x "\${folder:-.}/$name" ]; then found=1; break; fi
  done
  unset IFS
  [ "$found" ] || fail "exec: \\"$name\\": executable file not found in \\$PATH"
  ;;
esac
`;

/**
 * Starts a container's program as PID 1 of a PID namespace that `unshare` made, with a mount namespace of its own.
 * Arguments: folder of the run, working directory, `ro` or `rw` root, uid and gid of the program, its name, its PATH, then
 * environment assignments followed by the program and its arguments. Reports `started` and the process's id outside.
 *
 * The program gets a user namespace of its own, also as user 0: what it may do there reaches neither its mounts, which it
 * could otherwise make writable again, nor the pod's network, nor any process outside of the container.
 */
export const START_SCRIPT = inside(`
read -r pid _ </proc/self/stat
cd "$1" && mount -a -T fstab || fail "cannot make the container's mounts"
cd rootfs && pivot_root . . && umount -l . && cd / || fail "cannot enter the container's root"
[ "$3" = rw ] || mount -o remount,bind,ro / || fail "cannot make the root read-only"
[ -d "$2" ] || mkdir -p "$2" || fail "mkdir $2: cannot make the working directory"
cd "$2" || fail "chdir to cwd (\\"$2\\") set in config.json failed: permission denied"
uid=$4 gid=$5
shift 5
${BECOME_PROGRAM}
become='printf "started %s\\n" "$0" >&3; exec 2>&4 4>&- 3>&-; exec env -i "$@"'
# Said only from inside the nested user namespace: who joins the container must find it there.
exec unshare --user --map-user="$uid" --map-group="$gid" sh -c "$become" "$pid" "$@"
`);

/**
 * Around a command in a container: a shell of the machine's that has joined the container's PID namespace for its children
 * alone. Nothing of the container's may run here, where the agent's processes can be seen: its `sh` is whatever the
 * container made of it. Arguments: `nsenter` into the rest of the namespaces, then `/bin/sh -c EXEC_SCRIPT exec …`.
 */
export const ENTER_SCRIPT = inside(`exec "$@"`);

/**
 * Runs a command in a container whose namespaces have been joined, behind `ENTER_SCRIPT`. Arguments: working directory,
 * program, PATH, then environment assignments followed by the command and its arguments.
 */
export const EXEC_SCRIPT = `${REPORT}
cd "$1" || fail "chdir to cwd (\\"$1\\") set in config.json failed: no such file or directory"
shift
${BECOME_PROGRAM}
echo started >&3
exec 2>&4 4>&- 3>&-
exec env -i "$@"
`;
