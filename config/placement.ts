import type { Outline } from "./outline";
import { NODE_KINDS, type Problem, nearest, problem } from "./problem";

/** The rules about hypervisors, the image they start guests from, and which guest is on which. */
export function checkHypervisors(outline: Outline): Problem[] {
  return [
    ...checkNames(outline),
    ...checkEmulation(outline),
    ...checkPlacement(outline),
    ...checkSharing(outline),
    ...checkDiskNames(outline),
    ...checkImage(outline),
  ];
}

const NO_GUESTS = "is only for nodes of the kind libvirt, and there are none; remove it";

const guests = ({ nodes }: Outline): { node: Outline["nodes"][number]; key: string }[] =>
  nodes.flatMap((node, index) => (node.kind === "libvirt" ? [{ node, key: `nodes[${index}]` }] : []));

function checkNames({ hypervisors }: Outline): Problem[] {
  return hypervisors.flatMap(({ name }, index) => {
    const first = hypervisors.findIndex((other) => other.name === name);
    if (name === undefined || first === index) return [];
    const text = `${name} is already used by hypervisors[${first}]; give each hypervisor its own name`;
    return [problem(`hypervisors[${index}].name`, text)];
  });
}

function checkEmulation({ hypervisors }: Outline): Problem[] {
  return hypervisors.flatMap(({ allowEmulation, domainType }, index) => {
    if (domainType !== "qemu" || allowEmulation === true) return [];
    const text =
      "is qemu, which emulates the guests' processors in software, and that is not allowed; write kvm or auto, or set " +
      `hypervisors[${index}].allowEmulation: true`;
    return [problem(`hypervisors[${index}].domainType`, text)];
  });
}

function checkPlacement(outline: Outline): Problem[] {
  const names = outline.hypervisors.flatMap(({ name }) => name ?? []);
  const guestNodes = guests(outline);
  const misplaced = guestNodes.flatMap(({ key, node }) => {
    if (node.hypervisor === undefined || names.includes(node.hypervisor)) return [];
    const meant = nearest(node.hypervisor, names);
    const known = names.length === 0 ? "hypervisors names none" : `hypervisors names ${names.join(", ")}`;
    const cure = meant ? `did you mean ${meant}?` : "name one of them, or add it there";
    const follows = ["hypervisors", "hypervisors[*]", "hypervisors[*].name"];
    return [problem(`${key}.hypervisor`, `${node.hypervisor} is not known (${known}); ${cure}`, { follows })];
  });
  const idle = outline.hypervisors.length > 0 && guestNodes.length === 0;
  return [...misplaced, ...(idle ? [problem("hypervisors", NO_GUESTS, { follows: NODE_KINDS })] : [])];
}

function checkSharing(outline: Outline): Problem[] {
  const firsts = new Map<string, string>();
  return guests(outline).flatMap(({ key, node }) => {
    if (node.role !== "control-plane" || node.hypervisor === undefined) return [];
    const index = outline.hypervisors.findIndex(({ name }) => name === node.hypervisor);
    const first = firsts.get(node.hypervisor);
    if (first === undefined) firsts.set(node.hypervisor, key);
    if (first === undefined || index < 0 || outline.hypervisors[index]?.allowSharedHypervisor === true) return [];
    const text =
      `${node.hypervisor} already has the control plane ${first}, and both would be lost with it; choose another, or ` +
      `set hypervisors[${index}].allowSharedHypervisor: true`;
    return [problem(`${key}.hypervisor`, text)];
  });
}

/** A guest's disk for etcd is kept as NAME-etcd.raw, where the guest NAME-etcd has its first. */
function checkDiskNames(outline: Outline): Problem[] {
  const all = guests(outline);
  return all.flatMap(({ node }) => {
    const other = all.find(
      ({ node: { name, hypervisor } }) => name === `${node.name ?? ""}-etcd` && hypervisor === node.hypervisor,
    );
    if (node.etcdDiskGiB === undefined || !other) return [];
    const text = `${other.node.name ?? ""} would have the same file as the disk for etcd of ${node.name ?? ""}; choose another name`;
    return [problem(`${other.key}.name`, text)];
  });
}

function checkImage(outline: Outline): Problem[] {
  const wanted = guests(outline).length > 0;
  const image = outline.guestImage;
  if (!image) {
    const text =
      "is missing (libvirt nodes start from it); add for example guestImage: { url: https://…/debian-12-genericcloud-amd64.qcow2, sha512: …, format: qcow2 }";
    return wanted ? [problem("guestImage", text)] : [];
  }
  if (!wanted) return [problem("guestImage", NO_GUESTS, { follows: NODE_KINDS })];
  return [
    ...exactlyOne("guestImage", ["url", "path"], [image.url, image.path], "where the image is"),
    ...exactlyOne("guestImage", ["sha512", "sha256"], [image.sha512, image.sha256], "what it must be"),
  ];
}

function exactlyOne(key: string, names: readonly string[], values: readonly unknown[], why: string): Problem[] {
  const given = values.filter((value) => value !== undefined).length;
  if (given === 1) return [];
  const either = names.join(" and ");
  return [
    problem(
      key,
      given === 0
        ? `has neither ${names.join(" nor ")} (${why}); add one of them`
        : `has both ${either} (need one: ${why}); remove one of them`,
    ),
  ];
}
