import { useState } from "react";
import { Button } from "./button.tsx";
import { Icon } from "./icon.tsx";
import classes from "./command.module.css";

/** A line for a shell, with a button that copies it. */
export function Command({ line }: { line: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(line);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div className={classes.command}>
      <pre tabIndex={0} aria-label="Command">
        {line}
      </pre>
      <Button look="bare" onPress={() => void copy()} label={copied ? "Copied" : "Copy the command"}>
        <Icon name={copied ? "check" : "copy"} />
      </Button>
    </div>
  );
}
