#!/usr/bin/env bash
# Inside fresh mount and UTS namespaces: lays out a root file system that has this machine's /usr, read-only, and of everything
# else only what is mounted; then becomes the given command in it. SANDBOX_* as in sandbox.ts.
# Arguments: the command, with setpriv in front of it.
set -euo pipefail
root=$SANDBOX_ROOT

hostname "$SANDBOX_HOST_NAME"
mount --make-rprivate /
mount -t tmpfs -o mode=755 sandbox "$root"
mkdir -p "$root"/{usr/local/bin,proc,sys,dev,etc,tmp,run,var/tmp,root}
ln -s ../run "$root/var/run"
chmod 1777 "$root/tmp"
for folder in usr/bin usr/sbin usr/lib usr/lib64 usr/libexec usr/share etc/iproute2 etc/alternatives etc/ssl; do
  [ -d "/$folder" ] || continue
  mkdir -p "$root/$folder"
  mount --bind "/$folder" "$root/$folder"
  mount -o remount,bind,ro "$root/$folder"
done
for file in passwd group hosts nsswitch.conf ld.so.cache; do cp -L "/etc/$file" "$root/etc/$file"; done
for link in bin sbin lib lib64; do ln -s "usr/$link" "$root/$link"; done
mount -t proc proc "$root/proc"
if [ "$SANDBOX_PRIVILEGED" = 0 ]; then
  # The sysctls of a network namespace are for the runtime to set.
  mount --bind "$root/proc/sys" "$root/proc/sys"
  mount -o remount,bind,ro "$root/proc/sys"
fi
mount -t sysfs -o ro sysfs "$root/sys"
mount --rbind /dev "$root/dev"
# Sources of mounts may lie below a path that the new root hides, so everything is bound before it is entered.
while IFS=: read -r source target mode; do
  [ -n "$source" ] || continue
  if [ -d "$source" ]; then mkdir -p "$root$target"; else mkdir -p "$(dirname "$root$target")" && touch "$root$target"; fi
  mount --bind "$source" "$root$target"
  [ "$mode" = rw ] || mount -o remount,bind,ro "$root$target"
done <<<"$SANDBOX_MOUNTS"
mkdir -p "$root$SANDBOX_WORKDIR"
for target in $SANDBOX_TMPFS; do mkdir -p "$root$target"; done
[ "$SANDBOX_READ_ONLY" = 0 ] || mount -o remount,ro "$root"
for target in $SANDBOX_TMPFS; do mount -t tmpfs -o mode=1777 tmpfs "$root$target"; done

workdir=$SANDBOX_WORKDIR
unset "${!SANDBOX_@}"
cd "$root"
exec chroot "$root" /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$workdir" "$@"
