#!/usr/bin/env bash
# Inside fresh mount and UTS namespaces: lays out a root file system that has this machine's /usr, read-only, and of everything
# else only what the image and the volumes bring; then becomes the container's process in it.
# Environment: ROOT (empty folder), HOST_NAME, WORKDIR, READ_ONLY (1 or 0), MOUNTS and TMPFS (one a line: SOURCE:TARGET:ro|rw).
# Arguments: the command, with setpriv in front of it.
set -euo pipefail

hostname "$HOST_NAME"
mount --make-rprivate /
mount -t tmpfs -o mode=755 container "$ROOT"
mkdir -p "$ROOT"/{usr/local/bin,proc,sys,dev,etc,tmp,run,var/tmp,root}
chmod 1777 "$ROOT/tmp"
for folder in usr/bin usr/sbin usr/lib usr/lib64 usr/libexec usr/share etc/iproute2 etc/alternatives etc/ssl; do
  [ -d "/$folder" ] || continue
  mkdir -p "$ROOT/$folder"
  mount --bind "/$folder" "$ROOT/$folder"
  mount -o remount,bind,ro "$ROOT/$folder"
done
for file in passwd group hosts nsswitch.conf ld.so.cache; do cp -L "/etc/$file" "$ROOT/etc/$file"; done
for link in bin sbin lib lib64; do ln -s "usr/$link" "$ROOT/$link"; done
mount -t proc proc "$ROOT/proc"
# As in a container: what the network namespace's sysctls are is for the runtime to set.
mount --bind "$ROOT/proc/sys" "$ROOT/proc/sys"
mount -o remount,bind,ro "$ROOT/proc/sys"
mount -t sysfs -o ro sysfs "$ROOT/sys"
mount --rbind /dev "$ROOT/dev"

while IFS=: read -r source target mode; do
  [ -n "$source" ] || continue
  if [ -d "$source" ]; then mkdir -p "$ROOT$target"; else mkdir -p "$(dirname "$ROOT$target")" && touch "$ROOT$target"; fi
  mount --bind "$source" "$ROOT$target"
  [ "$mode" = rw ] || mount -o remount,bind,ro "$ROOT$target"
done <<<"$MOUNTS"
if [ "$READ_ONLY" = 1 ]; then mkdir -p "$ROOT$WORKDIR"; fi
for target in $TMPFS; do mkdir -p "$ROOT$target"; done
[ "$READ_ONLY" = 0 ] || mount -o remount,ro "$ROOT"
for target in $TMPFS; do mount -t tmpfs -o mode=1777 tmpfs "$ROOT$target"; done

cd "$ROOT"
exec chroot "$ROOT" /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$WORKDIR" "$@"
