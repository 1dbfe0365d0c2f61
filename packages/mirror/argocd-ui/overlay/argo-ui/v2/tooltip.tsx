import * as React from "react";

/** Shows its content below its children while the pointer is over them. */
export const Tooltip = (props: {
  content: React.ReactNode;
  inverted?: boolean;
  children?: React.ReactNode;
}): React.ReactElement => {
  const [at, setAt] = React.useState<{ left: number; top: number }>();
  return (
    <div
      onMouseEnter={(event) => {
        const { left, width, bottom } = event.currentTarget.getBoundingClientRect();
        setAt({ left: left + width / 2, top: bottom + 5 });
      }}
      onMouseLeave={() => setAt(undefined)}
    >
      {props.children}
      {at && props.content && (
        <div
          role="tooltip"
          style={{
            position: "fixed",
            left: at.left,
            top: at.top,
            transform: "translateX(-50%)",
            zIndex: 1000,
            padding: "3px 8px",
            borderRadius: 4,
            fontSize: 12,
            lineHeight: 1.5,
            whiteSpace: "nowrap",
            pointerEvents: "none",
            color: props.inverted ? "#363c4a" : "white",
            backgroundColor: props.inverted ? "white" : "#363c4a",
            boxShadow: "1px 2px 3px rgba(0, 0, 0, 0.3)",
          }}
        >
          {props.content}
        </div>
      )}
    </div>
  );
};
