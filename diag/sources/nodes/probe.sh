# lustre-doctor's node probe. POSIX sh, run as `sh -s -- TOKEN...`. It only reads: it opens no file for writing,
# mounts nothing, and never names a path that could lie on a Lustre mount. Tokens are port:N, name:HOST,
# address:IP and skip:QUESTION. Every line of an answer is printed after a bar, so that no content can pass for a frame.

PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
unset IFS ENV BASH_ENV
cd /

# Filled in from the table of Lustre's modules and functions.
modules='@modules@'
prefixes='@prefixes@'

port=988
names=
addresses=
skipped=' '
for token do
    value=${token#*:}
    case $value in
        '' | *[!A-Za-z0-9._:-]*) printf '#refused token\n'; exit 64 ;;
    esac
    case $token in
        port:*) port=$value ;;
        name:*) names="$names $value" ;;
        address:*) addresses="$addresses $value" ;;
        skip:*) skipped="$skipped$value " ;;
        *) printf '#refused token\n'; exit 64 ;;
    esac
done

has() { found=$(command -v "$1") && [ -n "$found" ]; }

# GNU and busybox timeout take -k; a child that cannot be killed still holds this script, and its caller gives up.
limit() {
    seconds=$1
    shift
    if has timeout; then timeout -k 1 "$seconds" "$@"; else "$@"; fi
}

quote() { while IFS= read -r line || [ -n "$line" ]; do printf '|%s\n' "$line"; done; }

ask() {
    question=$1
    shift
    case $skipped in *" $question "*) return 0 ;; esac
    printf '#begin %s\n' "$question"
    answer=$("$@" 2>&1 </dev/null)
    status=$?
    [ -z "$answer" ] || printf '%s\n' "$answer" | quote
    printf '#end %s %s\n' "$question" "$status"
}

lines_of() {
    [ -r "$1" ] || return 3
    while IFS= read -r line || [ -n "$line" ]; do printf '%s\n' "$line"; done <"$1"
}

# Lines of a file that hold a fixed text, either case.
matching() {
    [ -r "$2" ] || return 3
    if has grep; then
        grep -i -F -e "$1" -- "$2"
        [ $? -lt 2 ]
    else
        while IFS= read -r line; do case $line in *"$1"*) printf '%s\n' "$line" ;; esac; done <"$2"
    fi
}

os_release() {
    if [ -r /.bottlerocket/rootfs/etc/os-release ]; then
        lines_of /.bottlerocket/rootfs/etc/os-release
    else
        lines_of /etc/os-release
    fi
}

loaded_modules() {
    [ -d /sys/module ] || return 3
    for module in $modules; do
        [ -d "/sys/module/$module" ] || continue
        version=
        [ ! -r "/sys/module/$module/version" ] || IFS= read -r version <"/sys/module/$module/version"
        printf '%s %s\n' "$module" "$version"
    done
}

# A container without the node's module folder must not be taken for a node without the module.
installed_module() {
    [ -d "/lib/modules/$(uname -r)" ] || return 3
    has modinfo || return 127
    modinfo lustre
}

# What the running kernel asks of a module: the vermagic of one that it has loaded.
kernel_vermagic() {
    [ -d "/lib/modules/$(uname -r)" ] || return 3
    has modinfo || return 127
    IFS=' ' read -r module rest </proc/modules || return 3
    modinfo -F vermagic "$module"
}

# What modprobe is told about Lustre modules. `modprobe --showconfig` reads files alone (kmod modprobe(8)).
module_settings() {
    [ -d "/lib/modules/$(uname -r)" ] || return 3
    has modprobe && has grep || return 127
    either=$(printf '%s|' $modules)
    modprobe --showconfig | grep -E "^(blacklist|install|remove|options) (${either%|})( |\$)"
    [ $? -lt 2 ]
}

# What DKMS has of Lustre: sources, and builds by kernel, as its own folders say it (dkms(8), files).
dkms() {
    [ -d /var/lib/dkms ] || return 3
    for entry in /var/lib/dkms/*lustre*/*/source /var/lib/dkms/*lustre*/*/*/*/module; do
        if [ -e "$entry" ]; then printf '%s\n' "${entry#/var/lib/dkms/}"; fi
    done
}

# -V prints the version and ends (Lustre 2.10 to 2.17 utils/mount_lustre.c).
mount_helper() {
    [ -x /sbin/mount.lustre ] || return 3
    limit 5 /sbin/mount.lustre -V
}

# What LNet was loaded with.
lnet_parameters() {
    [ -d /sys/module/lnet/parameters ] || return 3
    for option in lnet/networks lnet/ip2nets lnet/routes lnet/accept lnet/accept_port lnet/lnet_peer_discovery_disabled \
        ksocklnd/credits ksocklnd/peer_credits; do
        file="/sys/module/${option%/*}/parameters/${option#*/}"
        [ -r "$file" ] || continue
        while IFS= read -r line || [ -n "$line" ]; do printf '%s %s=%s\n' "${option%/*}" "${option#*/}" "$line"; done <"$file"
    done
}

# What lnet.service said when it imported lnet.conf.
lnet_service() {
    has journalctl || return 127
    limit 5 journalctl -u lnet.service -b -n 30 -o cat -q --no-pager
}

# Network interfaces, and whether each is up (IFF_UP, Linux include/uapi/linux/if.h), which is what LNet asks.
interfaces() {
    [ -d /sys/class/net ] || return 3
    for folder in /sys/class/net/*; do
        flags=
        [ ! -r "$folder/flags" ] || IFS= read -r flags <"$folder/flags"
        [ -n "$flags" ] || continue
        state=down
        [ $((flags & 1)) = 0 ] || state=up
        printf '%s %s\n' "${folder##*/}" "$state"
    done
}

lustre_mounts() {
    table=/proc/self/mountinfo
    [ ! -r /proc/1/mountinfo ] || table=/proc/1/mountinfo
    matching ' - lustre ' "$table"
}

sockets() {
    hex=$(printf '%04X' "$port")
    matching ":$hex " /proc/net/tcp || return
    matching ":$hex " /proc/net/tcp6 || true
}

# Functions of Lustre and LNet modules on a stack, innermost first: `[<0>] ptlrpc_set_wait+0x22d/0x620 [ptlrpc]`.
lustre_stack() {
    found=
    count=0
    while IFS= read -r line && [ "$count" -lt 8 ]; do
        module=${line##*\[}
        case "$line $modules " in *"] "*" ${module%\]} "*) ;; *) continue ;; esac
        function=${line#*\] }
        found="$found,${function%%+*}"
        count=$((count + 1))
    done
    printf '%s' "${found#,}"
}

# Whether a function is Lustre's, by the first part of its name.
is_lustre() {
    for prefix in $prefixes; do
        case $1 in "$prefix"*) return 0 ;; esac
    done
    return 1
}

# Processes in state D, and those of any other state that wait in Lustre: its waits are S (wait_woken) and I too. Its own
# threads (PF_KTHREAD, Linux include/linux/sched.h) wait there for work.
blocked() {
    up=
    [ ! -r /proc/uptime ] || IFS=. read -r up rest </proc/uptime
    for stat in /proc/[0-9]*/stat; do
        line=
        IFS= read -r line <"$stat" || continue
        name=${line#*\(}
        name=${name%)*}
        pid=${stat#/proc/}
        pid=${pid%/stat}
        set -f
        set -- ${line##*) }
        set +f
        [ $# -ge 20 ] || continue
        state=$1
        [ "$state" = D ] || [ $(($7 & 2097152)) = 0 ] || continue
        case $state in R | Z | X | T | t) continue ;; esac
        wchan=
        IFS= read -r wchan <"/proc/$pid/wchan"
        stack=$(lustre_stack <"/proc/$pid/stack")
        [ "$state" = D ] || [ -n "$stack" ] || is_lustre "$wchan" || continue
        age=-
        [ -z "$up" ] || age=$((up - ${20} / 100))
        printf '%s %s %s %s %s %s\n' "$pid" "$state" "${wchan:--}" "$age" "${stack:--}" "$name"
    done 2>&-
    return 0
}

kernel_log() {
    has dmesg || return 127
    has tail || return 127
    has grep || return 127
    printed=$(dmesg 2>&1) || { printf '%s\n' "$printed"; return 1; }
    printf '%s\n' "$printed" | grep -E -e 'Lustre|LNet|lnet|lustre|libcfs|ksocklnd|obdclass|ptlrpc|Lockdown: |port 988|blocked for more than' | tail -n 60
    return 0
}

connect() {
    if has bash; then
        said=$(limit 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$port" 2>&1)
    elif has nc; then
        said=$(limit 4 nc -z -v -w 3 "$1" "$port" 2>&1)
    else
        return 127
    fi
    status=$?
    printf '%s %s %s\n' "$1" "$status" "$(printf '%s' "$said" | { IFS= read -r first; printf '%.200s' "$first"; })"
}

connects() {
    has bash || has nc || return 127
    for address in $addresses; do connect "$address" & done
    wait
}

resolve() {
    has getent || return 127
    for name in $names; do
        found=$(limit 5 getent ahosts "$name" 2>&1)
        printf 'name %s %s\n' "$name" "$?"
        [ -z "$found" ] || printf '%s\n' "$found"
    done
}

# The files that lctl reads, where it is not installed: /proc (2.10, 2.12), debugfs (mgc from 2.15, all in 2.17).
parameter_files() {
    for kind in mgc mdc osc; do
        for folder in "/proc/fs/lustre/$kind"/* "/sys/kernel/debug/lustre/$kind"/*; do
            for what in import state; do
                [ -r "$folder/$what" ] || continue
                printf '%s.%s.%s=\n' "$kind" "${folder##*/}" "$what"
                lines_of "$folder/$what"
            done
        done
    done
}

lctl_parameters() {
    limit 5 lctl get_param 'mgc.*.import' 'mdc.*.import' 'osc.*.import' 'mgc.*.state' 'mdc.*.state' 'osc.*.state'
}

parameters() {
    if has lctl; then
        reader=lctl_parameters
    elif [ -r /proc/fs/lustre/mgc ] || [ -r /sys/kernel/debug/lustre/mgc ]; then
        reader=parameter_files
    else
        return 127
    fi
    $reader | while IFS= read -r line; do
        case $line in
            *.import=* | *.state=* | *target:* | *state:* | *current_connection:* | *connection_attempts:* | \
                *target_version:* | *inflight:* | *' idle: '* | *' - ['* | error:*) printf '%s\n' "$line" ;;
        esac
    done
}

# NIDs, as lctl prints them, or out of the table that LNet shows to root.
nids() {
    if has lctl; then
        limit 5 lctl list_nids
        return
    fi
    table=/sys/kernel/debug/lnet/nis
    [ -r "$table" ] || return 127
    while read -r nid rest; do case $nid in *@lo | *[!A-Za-z0-9@.:]*) ;; *@*) printf '%s\n' "$nid" ;; esac; done <"$table"
}

# A second look, two seconds after the first at least: who is in the same function then has not moved on.
blocked_later() {
    now=
    [ ! -r /proc/uptime ] || IFS=. read -r now rest </proc/uptime
    [ -n "$now" ] && [ -n "$first_look" ] || return 3
    if [ $((now - first_look)) -lt 2 ]; then
        sleep 2
        now=$((now + 2))
    fi
    printf 'later %s\n' "$((now - first_look))"
    blocked
}

tool() {
    has "$1" || return 127
    limit 5 "$@"
}

printf '#lustre-doctor 1\n'
ask clock date -u +%s.%N
ask kernel uname -r
ask architecture uname -m
ask os_release os_release
ask installed_module installed_module
ask kernel_vermagic kernel_vermagic
ask module_settings module_settings
ask dkms dkms
ask lnet_parameters lnet_parameters
ask lnet_conf lines_of /etc/lnet.conf
ask lnet_service lnet_service
ask interfaces interfaces
ask loaded_modules loaded_modules
ask client_version lines_of /sys/fs/lustre/version
ask filesystems lines_of /proc/filesystems
ask lustre_mounts lustre_mounts
ask sockets sockets
ask translations matching "dport=$port " /proc/net/nf_conntrack
ask resolver lines_of /etc/resolv.conf
ask page_size getconf PAGESIZE
ask lockdown lines_of /sys/kernel/security/lockdown
first_look=
[ ! -r /proc/uptime ] || IFS=. read -r first_look rest </proc/uptime
look=$(blocked)
ask blocked printf '%s\n' "$look"
ask uptime lines_of /proc/uptime
ask kernel_messages kernel_log

# Whoever already hangs in a Lustre tool shows that the next one would hang too: the process table is the ledger.
case $look in
    *' lctl' | *' lnetctl' | *' lctl
'* | *' lnetctl
'*) printf '#stuck tools_version mount_helper lnet_interfaces nids imports\n' ;;
    *)
        ask tools_version tool lctl --version
        ask mount_helper mount_helper
        ask lnet_interfaces tool lnetctl net show
        ask nids nids
        ask imports parameters
        ;;
esac
[ -z "$addresses" ] || ask connects connects
[ -z "$names" ] || ask names resolve
[ -z "$look" ] || ask blocked_later blocked_later
printf '#done\n'
exit 0
