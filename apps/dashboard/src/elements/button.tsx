import type { ReactNode } from "react";
import classes from "./button.module.css";

interface ButtonProps {
  onPress: () => void;
  children: ReactNode;
  look?: "plain" | "strong" | "bare" | "danger";
  disabled?: boolean;
  /** Where the words alone do not say of what. */
  label?: string;
  /** For one that stays pressed. */
  pressed?: boolean;
  title?: string;
}

export const Button = ({
  onPress,
  children,
  look = "plain",
  disabled,
  label,
  pressed,
  title,
}: ButtonProps) => (
  <button
    type="button"
    className={`${classes.button} ${classes[look]}`}
    onClick={onPress}
    disabled={disabled}
    aria-label={label}
    aria-pressed={pressed}
    title={title}
  >
    {children}
  </button>
);
