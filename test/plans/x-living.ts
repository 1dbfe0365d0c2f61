import { Site } from "./site";
async function main() {
  const site = await Site.make("production");
  try {
    let r = await site.pulumi(["preview"]); console.log("first preview", r.exitCode, r.seconds, r.stderr.slice(0,500));
    r = await site.pulumi(["up","--yes","--skip-preview"], {PRETEND_FAIL: "production-production-cp-2-join"}); console.log("failing up", r.exitCode, r.seconds, r.stderr.slice(-300));
    r = await site.pulumi(["stack","output","founded"].slice(0,2).concat("--json")); 
    console.log("outputs", (await site.pulumi(["stack","output","--json"])).stdout.slice(0,600));
    const c = site.config as any; const was = c.cluster;
    c.cluster = {...was, podSubnet: "10.200.0.0/16"}; await site.writeConfig();
    r = await site.pulumi(["preview"]); console.log("changed after failing up", r.exitCode, r.seconds, r.stdout.slice(-900), r.stderr.slice(-300));
    c.cluster = was; await site.writeConfig();
    await site.up();
    r = await site.pulumi(["preview"]); console.log("unchanged", r.exitCode, r.seconds, r.stdout.slice(-300));
    c.cluster = {...was, podSubnet: "10.200.0.0/16"}; c.versions.kubernetes="1.27.4"; await site.writeConfig();
    r = await site.pulumi(["preview"]); console.log("changed", r.exitCode, r.seconds, r.stdout, r.stderr);
    r = await site.pulumi(["preview","--json"]); console.log("changed json", r.exitCode, r.stdout.slice(0,3000), r.stderr);
    r = await site.pulumi(["up","--yes","--skip-preview"]); console.log("changed up", r.exitCode, r.seconds, r.stdout, r.stderr);
  } finally { site.remove(); }
}
void main();
