import * as React from "react";
import { Key } from "./keys";
import { useNav } from "./nav";

export interface AutocompleteProps {
  items: string[];
  abbreviations?: Map<string, string>;
  value: string;
  placeholder?: string;
  onChange: (event: React.ChangeEvent<HTMLInputElement>) => void;
  /** Takes the chosen item, or nothing when Enter chose the typed text. */
  onItemClick?: (item?: string) => void;
  style?: React.CSSProperties;
  inputStyle?: React.CSSProperties;
}

/** A text field with a list of the items that contain the typed text. */
export const Autocomplete = (props: AutocompleteProps): React.ReactElement => {
  const [open, setOpen] = React.useState(false);
  const typed = (props.value || "").toLowerCase();
  const contains = (text?: string): boolean => !!text?.toLowerCase().includes(typed);
  const items = Array.from(new Set(props.items || []));
  const matches = items.filter((item) => item && (contains(item) || contains(props.abbreviations?.get(item))));
  const [selected, move, reset] = useNav(matches.length);

  const choose = (item?: string): void => {
    setOpen(false);
    reset();
    if (item || typed) props.onItemClick?.(item);
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === Key.DOWN || event.key === Key.UP) {
      event.preventDefault();
      setOpen(true);
      move(event.key === Key.DOWN ? 1 : -1);
    } else if (event.key === Key.ENTER) choose(matches[selected]);
    else if (event.key === Key.ESCAPE) setOpen(false);
  };

  return (
    <div style={{ position: "relative", ...props.style }}>
      <input
        className="argo-field"
        autoComplete="off"
        placeholder={props.placeholder}
        value={props.value}
        style={{
          width: "100%",
          padding: "5px 8px",
          borderRadius: 4,
          color: "white",
          fontSize: 14,
          ...props.inputStyle,
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onChange={(event) => {
          setOpen(true);
          reset();
          props.onChange(event);
        }}
        onKeyDown={onKeyDown}
      />
      {open && matches.length > 0 && <Matches matches={matches} selected={selected} choose={choose} />}
    </div>
  );
};

const Matches = (props: {
  matches: string[];
  selected: number;
  choose: (item: string) => void;
}): React.ReactElement => {
  const list = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    list.current?.children[props.selected]?.scrollIntoView({ block: "nearest" });
  }, [props.selected]);
  return (
    <div
      ref={list}
      role="listbox"
      style={{
        position: "absolute",
        left: 0,
        right: 0,
        zIndex: 10,
        maxHeight: "15em",
        overflow: "auto",
        borderRadius: 4,
        fontSize: 14,
        color: "white",
        backgroundColor: "black",
        boxShadow: "1px 2px 3px rgba(0, 0, 0, 0.5)",
      }}
    >
      {props.matches.map((item, index) => (
        <div
          key={item}
          role="option"
          aria-selected={index === props.selected}
          // A click would come after the field's blur, which closes the list.
          onMouseDown={(event) => {
            event.preventDefault();
            props.choose(item);
          }}
          style={{
            padding: "3px 8px",
            cursor: "pointer",
            overflowWrap: "anywhere",
            backgroundColor: index === props.selected ? "#30303d" : "transparent",
          }}
        >
          {item}
        </div>
      ))}
    </div>
  );
};
