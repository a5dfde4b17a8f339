/** A dialog that asks before something is done, and says what will happen. */
import Button from "@cloudscape-design/components/button";
import { type FormEvent, type ReactNode, useEffect, useRef } from "react";
import { texts } from "~/texts";
import { ProblemAlert } from "./problem";

interface Props {
  title: string;
  /** What the button says. Null: there is nothing to send. */
  submit: string | null;
  isBusy: boolean;
  error: unknown;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}

export function Dialog({ title, submit, isBusy, error, onSubmit, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const send = (event: FormEvent): void => {
    event.preventDefault();
    if (!isBusy && submit !== null) onSubmit();
  };
  return (
    <dialog ref={dialog} className="dialog" aria-label={title} onClose={onClose}>
      <form onSubmit={send} onKeyDown={(event) => event.ctrlKey && event.key === "Enter" && send(event)}>
        <h2>{title}</h2>
        {children}
        {error !== null && error !== undefined && <ProblemAlert error={error} />}
        <div className="dialog-buttons">
          <Button onClick={onClose} formAction="none">
            {texts.app.back}
          </Button>
          {submit !== null && (
            <Button variant="primary" formAction="submit" loading={isBusy}>
              {submit}
            </Button>
          )}
        </div>
      </form>
    </dialog>
  );
}
