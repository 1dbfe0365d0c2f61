import type { Change, Operation } from "./change";
import type { Plan } from "./plan";
import { count, countsInWords, headline, kindOf, SIGNS } from "./words";

const COLOURS: Readonly<Record<Operation | "bold" | "warning", number>> = {
  ...{ create: 32, update: 33, replace: 35, delete: 31 },
  ...{ bold: 1, warning: 33 },
};

/** A plan for a terminal. @param colour whether to colour it */
export function renderTerminal(plan: Plan, colour: boolean): string {
  const paint = (name: keyof typeof COLOURS, text: string): string =>
    colour ? `\u001b[${COLOURS[name]}m${text}\u001b[0m` : text;
  const section = (title: string, sentences: readonly string[], name: keyof typeof COLOURS): readonly string[] =>
    sentences.length === 0
      ? []
      : ["", paint("bold", title), ...sentences.map((text) => paint(name, `  ! ${text.split("\n").join("\n    ")}`))];
  const change = (one: Change): string => {
    const details = one.details.map((detail) => `\n        ${detail}`).join("");
    return `${paint(one.operation, `  ${SIGNS[one.operation]} ${one.name}`)}  ${kindOf(one)}${details}`;
  };
  return [
    paint("bold", headline(plan)),
    ...(plan.errors.length === 0 && plan.groupings > 0
      ? [`(npx pulumi preview counts ${plan.groupings} more: components, and the stack itself)`]
      : []),
    ...section("What is wrong", plan.errors, "delete"),
    ...section("Look at this first", plan.risks, "delete"),
    ...plan.groups.flatMap(({ title, changes }) => [
      "",
      `${paint("bold", title)}: ${countsInWords(count(changes))}`,
      ...changes.map(change),
    ]),
    ...section("Warnings", plan.warnings, "warning"),
    "",
  ].join("\n");
}
