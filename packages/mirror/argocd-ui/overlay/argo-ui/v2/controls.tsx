import * as React from "react";
import { Tooltip } from "./tooltip";

/** Reports a click, and a value changed from outside: the row of a filter toggles its box by the value alone. */
export const Checkbox = (props: {
  value?: boolean;
  onChange?: (value: boolean) => void;
  style?: React.CSSProperties;
}): React.ReactElement => {
  const value = !!props.value;
  const reported = React.useRef(value);

  const report = (next: boolean): void => {
    reported.current = next;
    props.onChange?.(next);
  };
  React.useEffect(() => {
    if (value !== reported.current) report(value);
  }, [value]);

  return (
    <div
      role="checkbox"
      aria-checked={value}
      onClick={(event) => {
        event.stopPropagation();
        report(!value);
      }}
      style={{
        flexShrink: 0,
        display: "flex",
        alignItems: "center",
        justifyContent: "center",
        width: 16,
        height: 16,
        fontSize: 10,
        borderRadius: 3,
        cursor: "pointer",
        color: "white",
        border: `1px solid ${value ? "#1fbdd0" : "#818d94"}`,
        backgroundColor: value ? "#1fbdd0" : "transparent",
        ...props.style,
      }}
    >
      {value && <i className="fa fa-check" style={{ width: "auto", fontSize: 10, color: "white" }} />}
    </div>
  );
};

export const ActionButton = (props: {
  action?: (event: React.MouseEvent) => unknown;
  icon?: string;
  label?: React.ReactNode;
  tooltip?: React.ReactNode;
  disabled?: boolean;
  style?: React.CSSProperties;
}): React.ReactElement => {
  const icon = props.icon ?? "";
  return (
    <Tooltip content={props.tooltip}>
      <button
        type="button"
        className="argo-button argo-button--base-o argo-button--sm"
        disabled={props.disabled}
        onClick={(event) => props.action?.(event)}
        style={{ margin: "0 2px", ...props.style }}
      >
        {icon && <i className={/(^|\s)fa[srb]?(\s|$)/.test(icon) ? icon : `fa ${icon}`} />}
        {props.label && <span style={{ marginLeft: icon ? 5 : 0 }}>{props.label}</span>}
      </button>
    </Tooltip>
  );
};
