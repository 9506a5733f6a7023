# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154
#
# Sourced by run.sh.  `crashcfg test` without --fs: hosts whose own target is told by their mounts and
# their sysfs.  The guest gets a disk of that kind, and the image has that disk's drivers and no other.

# put_disk ROOT PATH PART MAJ:MIN TYPE UUID: a disk of sysfs at PATH with one partition of 4 GiB.
put_disk() {
	local sys=sys/devices/$2/$3
	mkdir -p "$1/$sys" "$1/sys/dev/block" "$1/sys/class/block" "$1/run/udev/data" "$1/proc/self"
	echo "$4" >"$1/$sys/dev"
	echo 8388608 >"$1/$sys/size"
	echo 1 >"$1/$sys/partition"
	ln -s "../../../$sys" "$1/sys/dev/block/$4"
	ln -s "../../../$sys" "$1/sys/class/block/$3"
	printf 'E:ID_FS_USAGE=filesystem\nE:ID_FS_TYPE=%s\nE:ID_FS_UUID_ENC=%s\n' "$5" "$6" >"$1/run/udev/data/b$4"
}

# put_driver ROOT DEVICE MODULE MODALIAS
put_driver() {
	local driver=sys/bus/x/drivers/$3
	mkdir -p "$1/sys/devices/$2" "$1/$driver" "$1/sys/module/$3"
	echo live >"$1/sys/module/$3/initstate"
	echo "$4" >"$1/sys/devices/$2/modalias"
	ln -sfn "/sys/module/$3" "$1/$driver/module"
	ln -sfn "/$driver" "$1/sys/devices/$2/driver"
}

uuid=11111111-2222-4333-8444-555555555555

nvme_xfs() {
	put_disk "$1" pci0000:00/0000:00:04.0/nvme/nvme0/nvme0n1 nvme0n1p1 259:1 xfs $uuid
	put_driver "$1" pci0000:00/0000:00:04.0 nvme \
		pci:v00001B36d00000010sv00001AF4sd00001100bc01sc08i02
	echo "27 1 259:1 / / rw - xfs /dev/nvme0n1p1 rw" >"$1/proc/self/mountinfo"
}

ahci_ext4() {
	local pci=pci0000:00/0000:00:1f.2
	put_disk "$1" $pci/ata1/host0/target0:0:0/0:0:0:0/block/sda sda1 8:1 ext4 $uuid
	put_driver "$1" $pci ahci pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01
	put_driver "$1" $pci/ata1/host0/target0:0:0/0:0:0:0 sd_mod scsi:t-0x00
	echo "27 1 8:1 / / rw - ext4 /dev/sda1 rw" >"$1/proc/self/mountinfo"
}

scsi_btrfs() {
	local pci=pci0000:00/0000:00:05.0
	put_disk "$1" $pci/virtio2/host2/target2:0:0/2:0:0:0/block/sda sda1 8:1 btrfs $uuid
	put_driver "$1" $pci virtio_pci pci:v00001AF4d00001004sv00001AF4sd00000008bc01sc00i00
	put_driver "$1" $pci/virtio2 virtio_scsi virtio:d00000008v00001AF4
	put_driver "$1" $pci/virtio2/host2/target2:0:0/2:0:0:0 sd_mod scsi:t-0x00
	echo "27 1 0:30 /@ / rw - btrfs /dev/sda1 rw,subvolid=256,subvol=/@" >"$1/proc/self/mountinfo"
}

for host in nvme_xfs:6.12 ahci_ext4:6.1 scsi_btrfs:5.10; do
	kind=${host%:*}
	root=$(make_root "$kind")
	"$kind" "$root"
	vm_test "host-${kind/_/-}" --root "$root" --kernels "$(kernel_root "${host#*:}")"
	if [ "$status" = 0 ] && [ "$(top pass)" = true ]; then
		good "$(verdict)"
	else
		bad "$(verdict)"
	fi
done
