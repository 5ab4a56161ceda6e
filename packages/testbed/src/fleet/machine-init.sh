# The first process of one engine's machine: sets up the mounts of its namespace, then only collects orphans.
# Usage: sh machine-init.sh FOLDER NAME [ROOT FILE SYSTEM]
set -eu
folder=$1 name=$2 root_file_system=${3:-}

if [ -n "$root_file_system" ]; then
  # Another Debian release's root, shared by all engines and never written to. It is an overlay, because loading images
  # wants a root that is a mount point; the engine's own folder is bound into it, because overlay2 can't lie on overlayfs.
  mkdir -p "$folder/root/upper" "$folder/root/work" "$folder/root/merged"
  root=$folder/root/merged
  mount -t overlay overlay "$root" \
    -o "lowerdir=$root_file_system,upperdir=$folder/root/upper,workdir=$folder/root/work"
  mkdir -p "$root$folder"
  mount --bind "$folder" "$root$folder"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t proc proc "$root/proc"
  mount -t tmpfs tmpfs "$root/run"
  cd "$root"
  pivot_root . .
  umount -l .
  cd /
else
  # Docker 20.10 keeps its engine id in /etc/docker/key.json: each engine needs an /etc of its own.
  mkdir -p "$folder/etc/upper" "$folder/etc/work"
  mount -t overlay overlay /etc -o "lowerdir=/etc,upperdir=$folder/etc/upper,workdir=$folder/etc/work"
  mount -t proc proc /proc
  mount -t tmpfs tmpfs /run
fi

# As a lab's own authority: what the fleet's has signed is trusted on its machines.
mkdir -p /etc/ssl/certs
cat "$folder/ca.pem" >> /etc/ssl/certs/ca-certificates.crt

echo "$name" > /proc/sys/kernel/hostname
: > "$folder/booted"
sleep infinity &
wait
