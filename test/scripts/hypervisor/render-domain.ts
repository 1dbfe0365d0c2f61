/** Prints the XML of a test's guest, made by the program's own function from the environment. */
import { renderDomain } from "../../../components/machines/domain-xml";

const variable = (name: string): string => process.env[name] ?? "";

process.stdout.write(
  renderDomain({
    name: variable("NODE_NAME"),
    stackId: variable("STACK_ID"),
    domainType: "qemu",
    vcpus: 1,
    memoryMiB: Number(variable("MEMORY_MIB")),
    attachment: { kind: "bridge", name: "br0" },
    mac: variable("MAC"),
    io: "native",
    preallocation: "sparse",
    storageDirectory: variable("STORAGE_DIRECTORY"),
    etcdDisk: variable("ETCD_DISK_GIB") !== "0",
  }),
);
