/** What the server says is wrong, as it says it. */
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { Component, type ReactNode } from "react";
import { ProblemError } from "~/api/client";
import { texts } from "~/texts";
import { inWords } from "./states";

export function ProblemAlert({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = error instanceof ProblemError ? error.problem : null;
  const entries = problem?.errors ?? [];
  return (
    <div role="alert">
      <Alert
        type="error"
        header={problem?.title ?? "Error"}
        action={onRetry && <Button onClick={onRetry}>{texts.app.retry}</Button>}
      >
        {inWords(problem?.detail ?? (error instanceof Error ? error.message : String(error)))}
        {entries.length > 0 && (
          <ul className="plain">
            {entries.slice(0, 50).map((each, index) => (
              <li key={index}>
                <code>{each.line === undefined ? each.pointer || "/" : `${each.line}:${each.column}`}</code> {each.message}
                {each.right !== undefined && <> — {each.right}</>}
              </li>
            ))}
          </ul>
        )}
      </Alert>
    </div>
  );
}

/** Keeps a part that fails from taking the page with it. */
export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };
  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }
  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <div>
        <p>{texts.app.crashed}</p>
        <ProblemAlert error={this.state.error} onRetry={() => this.setState({ error: null })} />
      </div>
    );
  }
}

/** A page that waits for its data has its heading already. */
export function Loading({ title }: { title?: string }) {
  return (
    <>
      {title !== undefined && <h1>{title}</h1>}
      <p className="muted" role="status">
        {texts.app.loading}…
      </p>
    </>
  );
}

/** A page that cannot be shown: its name, and why. */
export function Failed({ title, error, onRetry }: { title: string; error: unknown; onRetry: () => void }) {
  return (
    <>
      <h1>{title}</h1>
      <ProblemAlert error={error} onRetry={onRetry} />
    </>
  );
}
