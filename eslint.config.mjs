import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

/** A copy of a token can go stale unseen: a tool would then find nothing, and say so of everything. */
const LITERAL_TOKENS = ["Literal[value=", "TemplateElement[value.raw="].map((node) => ({
  selector: `${node}/gitops-platform:[a-z-]+:[A-Z]/]`,
  message: "Use TOKENS of components/tokens.ts: type tokens are named there and nowhere else.",
}));

export default defineConfig(
  { ignores: ["node_modules/", ".local/", "gitops/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      // Numbers in messages are what messages are for.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // A method that plays its part in an asynchronous interface needs no await.
      "@typescript-eslint/require-await": "off",
      // `const { secret: _secret, ...rest }` is how a field is left out.
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // `() => set(…)` reads well in tables of tests.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      eqeqeq: "error",
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "no-console": "error",
    },
  },
  {
    files: ["{bench,components,config,policy,scripts}/**/*.ts"],
    ignores: ["components/tokens.ts"],
    rules: { "no-restricted-syntax": ["error", ...LITERAL_TOKENS] },
  },
  {
    files: ["components/**/*.ts", "index.ts"],
    ignores: ["components/remote/remote-step.ts", "components/tokens.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        ...LITERAL_TOKENS,
        {
          selector: "MemberExpression[object.name='command'][property.name='remote']",
          message: "Use RemoteStep: host key, secrets and the order of replacement are right there, once.",
        },
      ],
    },
  },
  {
    // Tables of cases are long, and a fixture's type is what it returns.
    files: ["test/**/*.ts", "packages/*/test/**/*.ts"],
    rules: {
      "max-lines": "off",
      "@typescript-eslint/explicit-module-boundary-types": "off",
    },
  },
);
