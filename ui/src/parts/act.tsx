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
  /** The id of the form that it submits, where it stands elsewhere. */
  form?: string;
}

export function Act({ name, action, onClick, isPrimary = false, isBusy = false, form }: Props) {
  const reason = action?.possible === false && action.reason !== null ? inWords(action.reason) : undefined;
  return (
    <span title={reason}>
      <Button variant={isPrimary ? "primary" : "normal"} disabled={action?.possible !== true} disabledReason={reason} loading={isBusy} formAction={onClick === undefined ? "submit" : "none"} {...(form !== undefined && { form })} {...(onClick && { onClick })}>
        {name}
      </Button>
    </span>
  );
}
