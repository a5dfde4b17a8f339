/** A button that may not be pressed says why, before the click. */
import Button from "@cloudscape-design/components/button";
import type { Action } from "~/api/types";
import { inWords } from "./states";

interface Props {
  name: string;
  action: Action | undefined;
  /** Without it, the button submits the form that it is in. */
  onClick?: () => void;
  isPrimary?: boolean;
  isBusy?: boolean;
}

export function Act({ name, action, onClick, isPrimary = false, isBusy = false }: Props) {
  const reason = action?.possible === false && action.reason !== null ? inWords(action.reason) : undefined;
  return (
    <span title={reason}>
      <Button variant={isPrimary ? "primary" : "normal"} disabled={action?.possible !== true} disabledReason={reason} loading={isBusy} formAction={onClick === undefined ? "submit" : "none"} {...(onClick && { onClick })}>
        {name}
      </Button>
    </span>
  );
}
