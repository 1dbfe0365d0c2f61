/*
 * index.ts imports this first. Pulumi's SDK takes a stack trace for every promise and maps each frame to its source, a
 * fifth of the program's CPU time (bench/preview.md). One frame still names where an error was thrown;
 * `NODE_OPTIONS=--stack-trace-limit=30 npx pulumi preview` shows all of them.
 */
const runByPulumi = process.env["PULUMI_NODEJS_MONITOR"] !== undefined;
if (runByPulumi && !process.env["NODE_OPTIONS"]?.includes("stack-trace-limit")) Error.stackTraceLimit = 1;
export {};
