import * as React from "react";

/**
 * A position in a list, -1 for none.
 *
 * @returns the position, a move by some places that refuses to leave the list, and a reset
 */
export const useNav = (length: number): [number, (by: number) => boolean, () => void] => {
  const position = React.useRef(-1);
  const [, render] = React.useState(-1);
  const set = (next: number): void => {
    position.current = next;
    render(next);
  };
  const move = (by: number): boolean => {
    const next = position.current + by;
    if (next < 0 || next >= length) return false;
    set(next);
    return true;
  };
  return [position.current < length ? position.current : -1, move, () => set(-1)];
};
