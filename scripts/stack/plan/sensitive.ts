/** Names whose values are never shown, whether the program marked them as secret or not. */
const SENSITIVE = /passw|secret|token|private|credential|\bauth\b|api_?key/i;

/** Whether a property, a variable or a path is called like something secret. */
export function isSensitive(name: string): boolean {
  return SENSITIVE.test(name);
}

/** Whether a path is inside the content of a Secret, which is secret however it got there. */
export function isSecretContent(type: string, path: string): boolean {
  return type === "kubernetes:core/v1:Secret" && /^(data|stringData)\b/.test(path);
}
