/*
 * installed.cjs [--dev]: exits with 0 when node_modules holds the packages of package-lock.json, by npm's own record of
 * what it installed. Without --dev the packages of development may be missing (`npm ci --omit=dev`).
 */
const { readFileSync } = require("node:fs");

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch (error) {
    // npm writes its record last: none means nothing was installed, or not all.
    if (error.code === "ENOENT") return {};
    throw error;
  }
}

const wanted = packagesOf("package-lock.json");
const installed = packagesOf("node_modules/.package-lock.json");
const dev = process.argv.includes("--dev");

// The lock file also lists packages of other systems, which npm leaves out.
const mayMiss = (one) => one.optional || (!dev && (one.dev || one.devOptional));
const isInstalled = ([path, one]) => {
  const found = installed[path];
  return found ? found.version === one.version && found.integrity === one.integrity : mayMiss(one);
};
const { "": program, ...packages } = wanted;
process.exitCode = program && Object.entries(packages).every(isInstalled) ? 0 : 1;
