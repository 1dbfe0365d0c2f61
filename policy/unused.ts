/* Stands for packages that no rule needs: see pack.js. */
export {};
