import * as React from "react";
import type { AnyKey } from "./keys";
import { Key } from "./keys";

export interface Keybinding {
  keys: AnyKey | AnyKey[];
  /** @returns whether the key had an effect; the next binding gets it otherwise */
  action: (key?: any) => boolean;
}

type Register = (binding: { current: Keybinding }) => () => void;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

const useBindings =
  (register: Register) =>
  (binding: Keybinding): void => {
    const latest = React.useRef(binding);
    latest.current = binding;
    React.useEffect(() => register(latest), [register]);
  };

export const KeybindingContext = React.createContext({ useKeybinding: useBindings(() => () => undefined) });

/** Passes the document's keys to the bindings below it, except those typed into a field. */
export const KeybindingProvider = (props: { children?: React.ReactNode }): React.ReactElement => {
  const bindings = React.useRef(new Set<{ current: Keybinding }>());
  const value = React.useMemo(
    () => ({
      useKeybinding: useBindings((binding) => {
        bindings.current.add(binding);
        return () => void bindings.current.delete(binding);
      }),
    }),
    [],
  );

  React.useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const modified = event.ctrlKey || event.metaKey || event.altKey;
      if (event.defaultPrevented || modified || (isTyping(event.target) && event.key !== Key.ESCAPE)) return;
      for (const { current } of Array.from(bindings.current)) {
        const keys = ([] as AnyKey[]).concat(current.keys);
        const key = keys.find((wanted) => wanted === event.key || wanted === event.code);
        if (key && current.action(key)) {
          event.preventDefault();
          return;
        }
      }
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);

  return <KeybindingContext.Provider value={value}>{props.children}</KeybindingContext.Provider>;
};
