import { expect, test } from "vitest";
import { storageVolumeOf } from "./engine-names.ts";
import { HostPath } from "./storage.ts";

test.each(["/srv/homes", "/data", "/mnt/nas/data sets", "/home", "/var/lib/berth", "/etcetera", "/tmp/x"])(
  "takes %s, which can be for data",
  (path) => {
    expect(HostPath.safeParse(path).success).toBe(true);
  },
);

test.each(["/", "srv", "/srv/", "/srv//a", "/srv/../etc", "/srv/./a", "/srv/a\n", ""])(
  "refuses %j, which is no normal absolute path",
  (path) => {
    expect(HostPath.safeParse(path).success).toBe(false);
  },
);

test.each([
  ["/etc", "/etc"],
  ["/etc/ssh", "/etc"],
  ["/proc/1/root", "/proc"],
  ["/sys", "/sys"],
  ["/dev/disk", "/dev"],
  ["/boot/efi", "/boot"],
  ["/usr/local/data", "/usr"],
  ["/root", "/root"],
  ["/run/docker.sock", "/run"],
  ["/var/run/docker.sock", "/var/run"],
  ["/var/lib/docker/volumes/x", "/var/lib/docker"],
  ["/var/lib/containerd", "/var/lib/containerd"],
  // What has it in it would give it away as well.
  ["/var/lib", "/var/lib/containerd"],
  ["/var", "/var/lib/containerd"],
])("refuses %s, for %s belongs to the machine, with a sentence", (path, own) => {
  const [issue] = HostPath.safeParse(path).error?.issues ?? [];
  expect(issue?.message).toContain(`${own} belongs to the machine itself`);
});

test("names each volume after one storage and one account alone", () => {
  const names = [
    storageVolumeOf("a", "b"),
    storageVolumeOf("a", "b-c"),
    storageVolumeOf("a-b", "c"),
    storageVolumeOf("a-b", null),
    storageVolumeOf("a", "b.c"),
    storageVolumeOf("a-b-c", null),
  ];
  expect(names[1]).toBe("berth-storage-a.b-c");
  expect(new Set(names).size).toBe(names.length);
});
