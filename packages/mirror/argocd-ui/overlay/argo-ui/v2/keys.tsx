/** Values of `KeyboardEvent.key`. */
export enum Key {
  ENTER = "Enter",
  ESCAPE = "Escape",
  SLASH = "/",
  LEFT = "ArrowLeft",
  UP = "ArrowUp",
  RIGHT = "ArrowRight",
  DOWN = "ArrowDown",
  TAB = "Tab",
}

/** Values of `KeyboardEvent.code`, which differ for the two rows of digits. */
export enum NumKey {
  ZERO = "Digit0",
  ONE = "Digit1",
  TWO = "Digit2",
  THREE = "Digit3",
  FOUR = "Digit4",
  FIVE = "Digit5",
  SIX = "Digit6",
  SEVEN = "Digit7",
  EIGHT = "Digit8",
  NINE = "Digit9",
}

/** See {@link NumKey}. */
export enum NumPadKey {
  ZERO = "Numpad0",
  ONE = "Numpad1",
  TWO = "Numpad2",
  THREE = "Numpad3",
  FOUR = "Numpad4",
  FIVE = "Numpad5",
  SIX = "Numpad6",
  SEVEN = "Numpad7",
  EIGHT = "Numpad8",
  NINE = "Numpad9",
}

export type AnyKey = Key | NumKey | NumPadKey;

/** The digit of a key. */
export const NumKeyToNumber = (key: NumKey | NumPadKey): number => Number(key.slice(-1));
